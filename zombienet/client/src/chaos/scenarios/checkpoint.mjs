import { readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, sleep } from "../../chain.mjs";
import { honest } from "../workers.mjs";

/** The checkpoints of the training on a node, newest last. */
function checkpoints(network, name) {
	const files = readdirSync(network.base(name), { recursive: true, withFileTypes: true });
	const found = files.filter((file) => file.isFile() && /^checkpoint-\d+(\.kept)?$/.test(file.name) && file.parentPath.endsWith("/run"));
	return found.map((file) => join(file.parentPath, file.name)).sort();
}

/** What the log of a node says of checkpoints that were skipped. */
const skipped = (network, name) => readFileSync(network.log(name), "utf8").match(/WARN skipping .*checkpoint-.*/g) ?? [];

/** Turns over a byte somewhere in a file. */
function spoil(path, random) {
	const bytes = readFileSync(path);
	bytes[random.below(bytes.length)] ^= 1 << random.below(8);
	writeFileSync(path, bytes);
}

const DAMAGES = {
	"one bit of the newest": (files, random) => spoil(files.at(-1), random),
	"the newest cut short": (files, random) => truncateSync(files.at(-1), random.below(readFileSync(files.at(-1)).length)),
	"one bit of each": (files, random) => files.forEach((file) => spoil(file, random)),
};

export default {
	about: "the solver's node is killed three times while it trains, and checkpoints are damaged before it starts again",
	workers: { bob: honest, charlie: honest },
	numbers: { steps: 1200, stride: 10 },
	terms: { training: 300, heartbeat: 150 },
	async disturb(stage) {
		let claimed = false;
		stage.live.wait("taskMarket.ClaimSubmitted", 400).then(() => { claimed = true; }, () => {});
		await stage.live.wait("taskMarket.TaskAssigned", 60);
		const isOver = () => claimed || stage.over;
		for (const [i, [damage, apply]] of stage.random.shuffle(Object.entries(DAMAGES)).entries()) {
			// By steps, since machines are of any speed; who has lost all begins anew.
			await stage.reached((i + 0.5 + stage.random.next() / 2) / 5, isOver);
			while (!isOver() && checkpoints(stage.network, "bob").length < 2) await sleep(50);
			expect(!isOver(), `${Object.keys(DAMAGES).length} kills while it trains; the training was over after ${i}`);
			await stage.network.kill("bob");
			stage.kills += 1;
			// Its worker ends when it finds its node gone.
			await sleep(1500);
			const files = checkpoints(stage.network, "bob");
			apply(files, stage.random);
			stage.say(`bob killed with ${files.length} checkpoints; damaged: ${damage}`);
			const before = skipped(stage.network, "bob").length;
			await stage.restart("bob");
			const since = () => skipped(stage.network, "bob").slice(before);
			const isNoticed = () => since().some((line) => line.includes(`${basename(files.at(-1))}:`));
			while (!isOver() && !isNoticed()) await sleep(50);
			expect(isNoticed(), `the damage is noticed: ${damage}; ${since().length} checkpoints were skipped`);
			stage.say(`damaged checkpoints skipped: ${since().length}`);
		}
	},
};
