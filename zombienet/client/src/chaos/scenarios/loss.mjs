import { expect } from "../../chain.mjs";
import { fetchAndEvaluate } from "../../task.mjs";
import { honest, lying } from "../workers.mjs";

export default {
	about: "every node loses a tenth to a fifth of all packets over lines of 4 Mbit/s, and an honest solver is accused",
	accused: true,
	workers: { bob: honest, charlie: lying("accuse") },
	terms: { training: 240, challenge: 40 },
	async set(stage) {
		const percent = 10 + stage.random.below(11);
		stage.spaces.lose(percent);
		stage.spaces.slow(4, 200);
		stage.say(`${percent} % of the packets are lost`);
	},
	async disturb(stage) {
		const { data } = await stage.story.wait("taskMarket.TaskFinalised", 1200);
		const accuracy = fetchAndEvaluate(stage.network, "dave", stage.task, data.receipt);
		const dropped = stage.spaces.dropped();
		stage.say(`dave has fetched the weights: accuracy ${(100 * accuracy).toFixed(2)} %, ${dropped} packets dropped`);
		expect(dropped > 0, "packets are lost");
		expect(accuracy >= 0.8, "a model that has learned");
	},
	check(stage) {
		const games = stage.story.all("dispute.GameResolved");
		expect(games.length >= 1 && games.every((e) => e.data.winner.isDefender), "the accused is acquitted");
	},
};
