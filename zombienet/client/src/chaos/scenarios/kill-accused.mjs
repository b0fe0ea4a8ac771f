import { expect } from "../../chain.mjs";
import { killAll } from "../kills.mjs";
import { honest, lying } from "../workers.mjs";

const VICTIMS = ["bob node", "bob worker", "bob node", "bob worker", "bob node"];

export default {
	about: "an honest solver is accused, and killed while it defends itself, node and worker",
	accused: true,
	workers: { bob: honest, charlie: lying("accuse") },
	terms: { challenge: 80 },
	async disturb(stage) {
		let ended = false;
		stage.live.wait("dispute.GameResolved", 900).then(() => { ended = true; }, () => {});
		await stage.live.wait("dispute.GameOpened", 600);
		const killed = await killAll(stage, stage.random.shuffle(VICTIMS), [0, 3], () => ended || stage.over);
		expect(killed >= 2, `at least 2 kills before the game ended, got ${killed}`);
	},
	check(stage) {
		const games = stage.story.all("dispute.GameResolved");
		expect(games.length >= 1 && games.every((e) => e.data.winner.isDefender), "the accused is acquitted");
	},
};
