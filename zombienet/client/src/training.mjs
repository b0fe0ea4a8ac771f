// A training as the solver's node sees it.
import { ask, expect, sleep } from "./chain.mjs";

/** The newest training of the task that the node's executor knows, if any. */
export async function training(network, name, task) {
	const jobs = (await ask(network.httpUrl(name), "assay_executorJobs")) ?? [];
	return jobs.filter((job) => job.kind === "train" && job.task === task).sort((a, b) => a.attempt - b.attempt).pop();
}

function line({ step, steps, loss, stepsPerSecond: speed }) {
	const told = loss === null ? "-" : loss.toPrecision(3);
	return `       step ${step} of ${steps}, loss ${told}, ${speed.toFixed(speed < 10 ? 1 : 0)} steps/s`;
}

/** Prints how the training of a task goes, at most `most` lines, the last of them when it is done. Returns how to stop it. */
export function follow(network, name, task, { print = console.log, every = 2000, most = 25 } = {}) {
	let stopped = false;
	const run = async () => {
		for (let shown = -1, attempt = 0, lines = 0; !stopped; await sleep(every)) {
			// A node that is just being stopped does not answer.
			const job = await training(network, name, task).catch(() => undefined);
			if (stopped || !(job?.steps > 0)) continue;
			if (job.attempt !== attempt) [attempt, shown] = [job.attempt, -1];
			const done = job.state === "done";
			const due = job.step > shown && job.step >= shown + job.steps / most && lines < most - 1;
			if (due || (done && job.step !== shown)) {
				print(line(job));
				[shown, lines] = [job.step, lines + 1];
			}
		}
	};
	run();
	return () => { stopped = true; };
}

/** Kills the node's worker so many times while it trains, each time after it got further than any before it. */
export async function killWorkers(network, name, task, times, { print = console.log, isOver = () => false } = {}) {
	const failedAttempts = async () => (await ask(network.httpUrl(name), "assay_executorStats")).failedAttempts;
	// At first only the initial state is committed to.
	for (let kills = 0, states = 1; kills < times; await sleep(25)) {
		const job = await training(network, name, task);
		expect(!isOver() && job?.state !== "done", `${times} kills while it trains; the training was over after ${kills}`);
		// Spread over the run, so that the last is killed well before the end.
		const due = job?.state === "running" && job.states > states && job.step >= ((kills + 1) * job.steps) / (times + 2);
		if (!due) continue;
		const failed = await failedAttempts();
		const worker = network.killWorker(name);
		if (worker === undefined) continue;
		const until = Date.now() + 20_000;
		while ((await failedAttempts()) === failed) {
			expect(Date.now() < until, `the node notices that its worker ${worker} was killed`);
			await sleep(25);
		}
		// What the node heard before the worker's end came in meanwhile.
		states = (await training(network, name, task)).states;
		kills += 1;
		print(`       worker ${worker} killed at step ${job.step} of ${job.steps}, ${kills} of ${times}`);
	}
	return times;
}
