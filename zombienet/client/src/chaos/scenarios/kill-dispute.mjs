import { expect } from "../../chain.mjs";
import { killAll } from "../kills.mjs";
import { honest, lying } from "../workers.mjs";

const VICTIMS = ["bob node", "charlie node", "bob worker", "charlie worker", "bob node", "charlie node"];

export default {
	about: "a solver lies, and both sides of the dispute are killed, nodes and workers",
	liar: true,
	workers: { bob: lying("forward"), charlie: honest },
	terms: { challenge: 80 },
	async disturb(stage) {
		let ended = false;
		stage.live.wait("dispute.GameResolved", 900).then(() => { ended = true; }, () => {});
		await stage.live.wait("taskMarket.ClaimSubmitted", 300);
		const isOver = () => ended || stage.over;
		const killed = await killAll(stage, stage.random.shuffle(VICTIMS), [0, 4], isOver);
		expect(killed >= 3, `at least 3 kills before the game ended, got ${killed}`);
	},
};
