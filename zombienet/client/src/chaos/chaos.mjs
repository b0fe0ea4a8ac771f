// One scenario with faults on real nodes: see scripts/chaos.sh, which makes the namespaces that this needs.
// Ends with a CHAOS line; exit code 0 only if everything is as it must be.
import { args } from "../chain.mjs";
import { Random } from "./random.mjs";

const SCENARIOS = ["kill", "kill-dispute", "kill-accused", "partition", "one-way", "loss", "checkpoint", "disk-full", "skew", "twins", "crowd", "worker"];
const { scenario: name, seed = "1", dir, kills } = args();
if (!SCENARIOS.includes(name)) {
	console.error(`error: no scenario ${name}; there are ${SCENARIOS.join(", ")}`);
	process.exit(2);
}
/** Nothing of a scenario on nodes takes so long, not its set-up either, which no other watch sees. */
const MINUTES = 40;
const { default: scenario } = await import(`./scenarios/${name}.mjs`);
const random = new Random(Number(seed));
console.log(`== ${name}, seed ${seed}: ${scenario.about}`);
try {
	const { perform } = scenario.perform ? scenario : await import("./stage.mjs");
	const over = new Promise((_, reject) => {
		const late = () => reject(new Error(`not over after ${MINUTES} minutes`));
		if (!scenario.perform) setTimeout(late, MINUTES * 60_000).unref();
	});
	const told = await Promise.race([perform(scenario, { random, dir, kills }), over]);
	const fields = Object.entries(told).map(([field, value]) => `${field}=${value}`);
	console.log(`CHAOS scenario=${name} seed=${seed} ${fields.join(" ")}`);
	process.exit(0);
} catch (error) {
	console.error(error.stack ?? error);
	console.log(`CHAOS scenario=${name} seed=${seed} verdict=WRONG reason=${JSON.stringify(String(error.message).split("\n")[0])}`);
	process.exit(1);
}
