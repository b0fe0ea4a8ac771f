// SIGKILL of nodes and of their workers.
import { sleep } from "../chain.mjs";

/** Kills the worker that runs for a node, waiting for one until `isOver()`. Returns whether there was one. */
export async function killWorker(stage, name, isOver) {
	while (!isOver()) {
		const worker = stage.network.killWorker(name);
		if (worker !== undefined) {
			stage.say(`${name}'s worker ${worker} killed`);
			stage.kills += 1;
			return true;
		}
		await sleep(15);
	}
	return false;
}

/** Kills a node, and starts it again a little later. */
export async function killNode(stage, name) {
	stage.say(`${name}'s node killed`);
	stage.kills += 1;
	await stage.restart(name);
	return true;
}

/**
 * Kills what `schedule` says, "bob node" or "bob worker", one after the other, each after a random pause of so many
 * seconds, until `isOver()`. Returns how many it killed.
 */
export async function killAll(stage, schedule, [low, high], isOver) {
	let killed = 0;
	for (const entry of schedule) {
		await stage.pause(low, high);
		if (isOver()) break;
		const [name, what] = entry.split(" ");
		const done = what === "node" ? await killNode(stage, name) : await killWorker(stage, name, isOver);
		if (done) killed += 1;
	}
	return killed;
}
