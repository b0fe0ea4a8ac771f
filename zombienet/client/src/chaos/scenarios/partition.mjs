import { expect, sleep } from "../../chain.mjs";
import { heights } from "../checks.mjs";
import { honest, lying } from "../workers.mjs";

const LEFT = ["alice", "bob"], RIGHT = ["charlie", "dave"], SLOTS = 16;

export default {
	about: `a solver lies, and in the dispute the network is split 2|2 between it and its challenger for ${SLOTS} slots`,
	liar: true,
	workers: { bob: lying("forward"), charlie: honest },
	terms: { challenge: 80 },
	async disturb(stage) {
		await stage.live.wait("dispute.GameOpened", 300);
		await stage.pause(0, 6);
		stage.spaces.split(LEFT, RIGHT);
		stage.say(`split for ${SLOTS} slots`);
		// What was under way when the network was cut may still come to its end.
		await stage.slots(3);
		const finals = async () => Promise.all([...LEFT, ...RIGHT].map(async (name) => (await heights(stage.network, name)).final));
		const heads = async () => Promise.all([LEFT[0], RIGHT[0]].map(async (name) => (await heights(stage.network, name)).best));
		const [before, low] = [await finals(), await heads()];
		await stage.slots(SLOTS - 3);
		const [after, high] = [await finals(), await heads()];
		expect(String(before) === String(after), `nothing becomes final with half of the votes: ${before}, then ${after}`);
		expect(high.every((best, side) => best > low[side]), `both sides go on making blocks: they were at ${low.join(" and ")}, then at ${high.join(" and ")}`);
		stage.say(`nothing became final meanwhile; the sides went from ${low.join(" and ")} to ${high.join(" and ")}, final is ${after[0]}`);
		stage.spaces.heal();
		const healed = Date.now();
		for (let now = after; now.some((final, i) => final <= after[i]); now = await finals()) {
			expect(Date.now() - healed < 300_000, `all go on after the split; final are ${now}, were ${after}`);
			await sleep(500);
		}
		stage.say(`all have something new that is final ${((Date.now() - healed) / 1000).toFixed(0)} s after it was healed`);
	},
};
