// One scenario on four real nodes, each in a network namespace: set-up, the task, the checks at the end.
import { join } from "node:path";
import { balances, cast, namesOf, setUp, trainHere } from "../cast.mjs";
import { connect, expect, send, sleep } from "../chain.mjs";
import { ASY, asy } from "../lines.mjs";
import { withNetwork } from "../network.mjs";
import { Story } from "../story.mjs";
import { prepare } from "../task.mjs";
import { follow, training } from "../training.mjs";
import { checkAllMoney, checkClocks, checkFinality, heights } from "./checks.mjs";
import { Spaces } from "./spaces.mjs";

const NODES = ["alice", "bob", "charlie", "dave"];
const ENDS = ["TaskFinalised", "ClaimConvicted", "DeadlineMissed", "PartPaid", "TaskFailed", "TaskExpired"].map((kind) => `taskMarket.${kind}`);
const MORE_BLOCKS = 900;
/** Nothing final for so many seconds: the chain has stopped. */
const STALLED = 400;

/** What a scenario disturbs, and how it sees what happens. */
class Stage {
	constructor({ network, spaces, random, api, people, story, live, task }) {
		Object.assign(this, { network, spaces, random, api, people, story, live, task });
		this.kills = 0;
		this.restarts = 0;
		this.over = false;
	}

	say(text) { console.log(`       ${text}`); }
	/** Waits a random time between so many seconds. */
	pause(low, high) { return sleep(1000 * this.random.between(low, high)); }
	/** Waits so many slots. */
	slots(n) { return sleep(3000 * n); }

	/** Waits until the solver has trained that share of the steps. False when `isOver()` comes first. */
	async reached(share, isOver) {
		for (; !isOver(); await sleep(25)) {
			// A node that has just started does not answer yet.
			const job = await training(this.network, "bob", this.id).catch(() => undefined);
			if (job?.steps > 0 && job.step >= share * job.steps) return job.state !== "done";
		}
		return false;
	}

	/** Kills a node and starts it again after a random time of up to `off` seconds. */
	async restart(name, off = 4) {
		await this.network.kill(name);
		await this.pause(0, off);
		this.network.startNode(name);
		this.restarts += 1;
		await this.answers(name);
	}

	/** Waits until a node that was started answers. */
	async answers(name) {
		// Its worker goes on at once, and a fast machine trains hundreds of steps in a second.
		for (let tries = 2400; ; tries -= 1) {
			if (await heights(this.network, name).catch(() => undefined)) return;
			expect(tries > 0 && this.network.runs(name), `${name} answers after its start`);
			await sleep(50);
		}
	}
}

/** Fails when nothing has become final for too long; resolves never. */
function watch(story, isOver) {
	return new Promise((_, reject) => {
		let block = story.block, moved = Date.now();
		const timer = setInterval(() => {
			if (isOver()) return clearInterval(timer);
			if (story.block > block) [block, moved] = [story.block, Date.now()];
			else if (Date.now() - moved > STALLED * 1000) {
				clearInterval(timer);
				reject(new Error(`nothing became final for ${STALLED} seconds after block ${block}`));
			}
		}, 1000);
	});
}

/** Posts the task and disturbs until it has ended. */
async function play(stage, scenario, terms) {
	const { network, api, people, story, task } = stage;
	await send(api, api.tx.taskMarket.postTask(task.program, task.work, terms, []), people.requester);
	const isOurs = (e) => e.data.requester.toString() === people.requester.address;
	const posted = await story.wait("taskMarket.TaskPosted", 30, isOurs);
	stage.id = posted.data.task.toNumber();
	const stopFollowing = follow(network, "bob", stage.id);
	const ended = story.wait(ENDS, 2 * (terms.training + terms.challenge) + MORE_BLOCKS, (e) => e.data.task.eq(stage.id)).finally(() => { stage.over = true; });
	// The challenge window is time to compute the claim without any disturbance.
	const own = scenario.liar ? undefined : story.wait("taskMarket.ClaimSubmitted", MORE_BLOCKS).then(() => trainHere(network, task));
	const both = Promise.all([ended, scenario.disturb(stage), own]);
	const [final, , undisturbed] = await Promise.race([both, watch(story, () => stage.over)]).finally(() => { stopFollowing(); stage.over = true; });
	return { posted, final, undisturbed };
}

/** The honest are paid, with the roots of an undisturbed run; a liar is convicted. */
function judge(stage, scenario, { final, undisturbed: own }) {
	if (scenario.liar) {
		expect(final.method === "ClaimConvicted", `the liar is convicted, got ${final.method}`);
		return `convicted:${final.data.verdict.type}`;
	}
	expect(final.method === "TaskFinalised", `the honest solver is paid, got ${final.method}`);
	const { receipt } = final.data;
	const recorded = { root: receipt.claimRoot.toHex(), finalState: receipt.finalState.toHex(), artifactRoot: receipt.artifactRoot.toHex() };
	for (const [name, value] of Object.entries(recorded)) expect(own[name] === value, `the ${name} of an undisturbed run, ${own[name]}, got ${value}`);
	console.log(`       the roots on the chain are those of an undisturbed run: ${recorded.root}`);
	if (!scenario.accused) expect(stage.story.all("dispute.GameOpened").every((e) => !e.data.task.eq(stage.id)), "nobody disputes a true claim");
	return "paid";
}

/** Plays one scenario. Returns what its line says; throws where anything is not as it must be. */
export async function perform(scenario, { random, dir }) {
	const names = [...NODES, ...(scenario.more ?? [])];
	const spaces = new Spaces(names);
	spaces.open();
	const { workers, keys, prepare: arrange } = scenario;
	const options = { names, workers, keys, env: scenario.env?.(random), dir, place: spaces, prepare: arrange };
	return withNetwork(options, async (network) => {
		const started = Date.now();
		const task = prepare(join(network.dir, "task"), "digits", scenario.numbers);
		const api = await connect(network.url("alice"));
		const people = cast();
		const story = new Story(api, namesOf(people), console.log, { final: true, more: ["offences"] });
		const live = new Story(api, namesOf(people), () => {});
		await setUp(network, api, people, task.blobs);
		await Promise.all([story.start(), live.start()]);
		const stage = new Stage({ network, spaces, random, api, people, story, live, task });
		await scenario.set?.(stage);
		const terms = { reward: 100n * ASY, bidding: 8, training: 200, heartbeat: 100, challenge: 28, assurance: "Challenge", hardware: null, ...scenario.terms };
		const before = await balances(api, people);
		const played = await play(stage, scenario, terms);
		const { posted, final } = played;
		spaces.heal();
		const honest = scenario.honest ?? NODES;
		for (const name of honest.filter((name) => !network.runs(name))) { network.startNode(name); await stage.answers(name); }
		const finalised = await checkFinality(network, honest);
		const verdict = judge(stage, scenario, played);
		await scenario.check?.(stage);
		const longest = checkClocks(story);
		await checkAllMoney(api, story, stage.id, posted.data.escrow.toBigInt());
		const after = await balances(api, people);
		for (const role of Object.keys(people)) console.log(`       ${role.padEnd(10)} ${asy(after[role]).padStart(26)}  change ${asy(after[role] - before[role])}`);
		await Promise.all([story.stop(), live.stop()]);
		await api.disconnect();
		const crashed = network.ended.filter((name) => !scenario.mayEnd?.includes(name));
		expect(crashed.length === 0, `no node ends by itself; ${crashed.join(", ")} did`);
		const time = ((Date.now() - started) / 1000).toFixed(0);
		return { verdict, blocks: final.block - posted.block, finalised, kills: stage.kills, restarts: stage.restarts, games: story.all("dispute.GameOpened").length, longest, time: `${time}s` };
	});
}
