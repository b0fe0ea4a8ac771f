import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ask, expect, sleep } from "../../chain.mjs";
import { heights } from "../checks.mjs";
import { honest } from "../workers.mjs";

const MEGABYTES = 256, SLOTS = 10;

/** Writes a file until the disk is full. Returns its length in bytes. */
function fill(path) {
	const file = openSync(path, "w");
	let length = 0;
	try {
		for (const size of [1 << 20, 1 << 12]) {
			try { for (;;) length += writeSync(file, Buffer.alloc(size)); } catch (error) { if (error.code !== "ENOSPC") throw error; }
		}
	} finally { closeSync(file); }
	return length;
}

export default {
	about: `the solver's disk of ${MEGABYTES} MB is full for ${SLOTS} slots while it trains`,
	workers: { bob: honest, charlie: honest },
	numbers: { steps: 1200, stride: 10 },
	terms: { training: 300, heartbeat: 150 },
	mayEnd: ["bob"],
	prepare(network) {
		mkdirSync(network.base("bob"), { recursive: true });
		execFileSync("mount", ["-t", "tmpfs", "-o", `size=${MEGABYTES}m`, "chaos", network.base("bob")]);
		network.atEnd.push(() => execFileSync("umount", ["-l", network.base("bob")]));
	},
	async disturb(stage) {
		const { network } = stage;
		await stage.live.wait("taskMarket.TaskAssigned", 60);
		expect(await stage.reached(stage.random.between(0.05, 0.4), () => stage.over), "room is lost while it trains");
		const ballast = join(network.base("bob"), "ballast");
		const failed = async () => (await ask(network.httpUrl("bob"), "assay_executorStats")).failedAttempts;
		const before = await failed();
		stage.say(`bob's disk is full after ${(fill(ballast) / 1e6).toFixed(0)} MB more`);
		for (let slot = 0; slot < SLOTS && network.runs("bob"); slot += 1) await stage.slots(1);
		const after = network.runs("bob") ? await failed().catch(() => undefined) : undefined;
		expect(after !== before, "the full disk is felt: the node ends, or its worker fails");
		stage.say(after === undefined ? "its node has ended or does not answer" : `its worker has failed ${after - before} times`);
		rmSync(ballast);
		if (network.runs("bob") && !(await follows(stage))) {
			stage.say("bob does not go on by itself");
			await network.kill("bob");
		}
		if (!network.runs("bob")) await stage.restart("bob");
		expect(await follows(stage), "bob follows the chain once there is room");
	},
};

/** Whether bob's best block rises to the others' within a minute. */
async function follows(stage) {
	const goal = (await heights(stage.network, "alice")).best;
	for (let tries = 60; tries > 0; tries -= 1) {
		const height = await heights(stage.network, "bob").catch(() => undefined);
		if (height?.best >= goal) return true;
		await sleep(1000);
	}
	return false;
}
