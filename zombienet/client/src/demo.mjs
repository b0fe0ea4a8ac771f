// A chain that has a model trained, catches a liar and pays the honest: one scenario on a network of real
// nodes. Ends with a RESULT line; exit code 0 only if the right side won and every unit is accounted for.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { balances, cast, namesOf, setUp, trainHere } from "./cast.mjs";
import { args, connect, expect, send, sleep } from "./chain.mjs";
import { ASY, asy } from "./lines.mjs";
import { checkMoney } from "./money.mjs";
import { binary, withNetwork } from "./network.mjs";
import { Story } from "./story.mjs";
import { DATA, fetchAndEvaluate, prepare } from "./task.mjs";
import { follow, killWorkers } from "./training.mjs";

const TRUE_CLAIMS = ["honest", "killed", "late", "false-accusation"];
const LIES = ["forward", "backward", "optimiser", "steps", "trace", "partials", "withhold"];
const KILLS = 10;
const options = args();
const { scenario = "honest", data = "digits" } = options;
const known = [...TRUE_CLAIMS, ...LIES, "silent"].includes(scenario) && Object.hasOwn(DATA, data);
if (options.help || !known) {
	console.log(readFileSync(new URL("../scenarios.txt", import.meta.url), "utf8").trimEnd());
	process.exit(options.help ? 0 : 2);
}

const cpu = [binary("assay-worker"), "serve"];
// An honest solver computes on the GPU if there is to be one, and with a lying one its challenger.
const honest = options.gpu ? [...cpu, "--gpu"] : cpu;

function workers() {
	// A solver must at least publish the list that its claim commits to; `withhold` hides all others.
	const lying = (lie) => [binary("assay-malus"), "--lie", lie, ...(lie === "withhold" ? ["--publish-claim"] : [])];
	if (scenario === "late") return { bob: lying("silent"), charlie: honest };
	if (scenario === "honest" || scenario === "killed") return { bob: honest, charlie: cpu };
	if (scenario === "false-accusation") return { bob: honest, charlie: lying("accuse") };
	return { bob: lying(scenario), charlie: honest };
}

/** Terms in blocks: MNIST takes minutes, the others seconds. One task is posted with the terms that its compiler proposes. */
function terms(task) {
	if (scenario === "honest" && data === "digits") return task.terms;
	const windows = data === "mnist" ? { training: 600, heartbeat: 60, challenge: 60 } : { training: 120, heartbeat: 20, challenge: 24 };
	// Who is late still lives: no heartbeat is missed before the claim is due.
	if (scenario === "late") Object.assign(windows, { training: 24, heartbeat: 24 });
	return { reward: 100n * ASY, bidding: data === "mnist" ? 10 : 6, ...windows, assurance: "Challenge", hardware: null };
}

/** Posts the task and tells its story to the end. */
async function play(network, api, story, task, requester) {
	const agreed = terms(task);
	const { training, challenge } = agreed;
	await send(api, api.tx.taskMarket.postTask(task.program, task.work, agreed, []), requester);
	const posted = await story.wait("taskMarket.TaskPosted", 5);
	const id = posted.data.task.toNumber();
	const stop = follow(network, "bob", id);
	let over = false;
	const ends = ["TaskFinalised", "ClaimConvicted", "DeadlineMissed", "TaskFailed", "TaskExpired", ...(scenario === "late" ? [] : ["PartPaid"])];
	const toTheEnd = story.wait(ends.map((kind) => `taskMarket.${kind}`), 2 * (training + challenge) + 700).finally(() => { over = true; });
	const meanwhile = { killed: () => disturb(network, id, task, () => over), late: () => takeOver(network, story, task, training + challenge + 60) };
	const [final, own] = await Promise.all([toTheEnd, meanwhile[scenario]?.()]).finally(stop);
	// What else happens in the last block.
	await sleep(1000);
	return { posted, final, own };
}

/** Kills the solver's worker again and again, then computes the claim without any of that. */
async function disturb(network, id, task, isOver) {
	await killWorkers(network, "bob", id, KILLS, { isOver });
	return trainHere(network, task);
}

/** Gives the solver another worker once it has handed in a part, which does the rest when that part is paid. */
async function takeOver(network, story, task, blocks) {
	await story.wait("taskMarket.ClaimSubmitted", blocks);
	// While the claim may be challenged there is time for that; bids for the rest are taken for seconds only.
	await network.replaceWorker("bob", honest);
	console.log("       the solver's node goes on with another worker");
	const { data: part } = await story.wait("taskMarket.PartPaid", blocks);
	expect(part.steps.toNumber() > 0 && part.work.firstStep.toNumber() === part.steps.toNumber(), "the rest begins where the part ended");
	// The claim of the rest has another list of states, but ends in the same.
	const { finalState, artifactRoot } = await trainHere(network, task);
	return { finalState, artifactRoot };
}

/** Checks that the right side won. Returns what the RESULT line says about it. */
function judge(network, story, task, { final, own }) {
	const games = story.all("dispute.GameResolved");
	const result = { verdict: final.method, accuracy: "-", moves: Math.max(0, ...games.map((g) => g.data.moves.toNumber())) };
	if (TRUE_CLAIMS.includes(scenario)) {
		expect(final.method === "TaskFinalised", `the honest solver is paid, got ${final.method}`);
		const { receipt } = final.data;
		result.accuracy = fetchAndEvaluate(network, "dave", task, receipt);
		console.log(`weights fetched by dave over the network have the recorded root; test accuracy ${(100 * result.accuracy).toFixed(2)} %`);
		expect(result.accuracy >= DATA[data].learned, "a model that has learned");
		if (own) {
			const recorded = { root: receipt.claimRoot.toHex(), finalState: receipt.finalState.toHex(), artifactRoot: receipt.artifactRoot.toHex() };
			for (const name of Object.keys(recorded).filter((name) => name in own)) {
				expect(own[name] === recorded[name], `the same ${name} in an undisturbed run: ${own[name]} and ${recorded[name]}`);
			}
			console.log(`an undisturbed run on this machine has the same ${own.root ? `claim root ${recorded.root} and ` : ""}final state ${recorded.finalState}`);
		}
	}
	if (scenario === "false-accusation") {
		expect(games.length >= 1 && games.every((g) => g.data.winner.isDefender), "the accused is acquitted");
		expect(story.all("dispute.BondSlashed").length === games.length, "each lost bond is taken");
	} else if (TRUE_CLAIMS.includes(scenario)) {
		expect(story.all("dispute.GameOpened").length === 0, "nobody disputes a true claim");
	}
	if (LIES.includes(scenario)) {
		expect(final.method === "ClaimConvicted", `the liar is convicted, got ${final.method}`);
		result.verdict = `${final.method}:${final.data.verdict.type}`;
	}
	if (scenario === "silent") {
		// Who hands in what it had done is paid for that, and slashed as for a missed deadline all the same.
		expect(["DeadlineMissed", "PartPaid"].includes(final.method), `silence is a missed deadline, got ${final.method}`);
	}
	return result;
}

const outcome = await withNetwork({ workers: workers(), firstPort: options.port, dir: options.dir }, async (network) => {
	// Ten kills need a training of some length, and many states to go on from.
	const longer = scenario === "killed" && data === "digits" ? { steps: 4000, stride: 10 } : undefined;
	const task = prepare(join(network.dir, "task"), data, longer);
	const api = await connect(network.url("alice"));
	const people = cast();
	const story = new Story(api, namesOf(people));
	console.log(`scenario ${scenario}, data ${data}: ${task.work.steps} steps, a committed state every ${task.work.stride}`);
	await setUp(network, api, people, task.blobs);
	await story.start();

	const before = await balances(api, people);
	const started = Date.now();
	const played = await play(network, api, story, task, people.requester);
	const result = judge(network, story, task, played);
	checkMoney(story, played.posted.data.escrow.toBigInt());
	console.log(`balances (held included), ${((Date.now() - started) / 1000).toFixed(0)} s after posting:`);
	for (const [role, now] of Object.entries(await balances(api, people))) {
		console.log(`  ${role.padEnd(10)} ${asy(now).padStart(26)}  change ${asy(now - before[role])}`);
	}
	await story.stop();
	await api.disconnect();
	return { ...result, blocks: played.final.block - played.posted.block, bytes: story.bytes };
});
const kills = scenario === "killed" ? ` kills=${KILLS}` : "";
console.log(`RESULT scenario=${scenario} verdict=${outcome.verdict} moves=${outcome.moves} blocks=${outcome.blocks} bytes=${outcome.bytes} accuracy=${outcome.accuracy}${kills}`);
process.exit(0);
