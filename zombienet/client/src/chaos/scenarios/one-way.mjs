import { expect } from "../../chain.mjs";
import { honest, lying } from "../workers.mjs";

const SLOTS = 12;

/** For some slots no listener hears any speaker. */
async function mute(stage, speakers, listeners, what) {
	for (const speaker of speakers) for (const listener of listeners) stage.spaces.cut(speaker, listener);
	stage.say(what);
	await stage.slots(SLOTS);
	const dropped = stage.spaces.dropped();
	expect(dropped > 0, `packets are dropped while ${what}`);
	stage.say(`${dropped} packets dropped`);
	stage.spaces.heal();
}

export default {
	about: `a solver lies; for ${SLOTS} slots nobody hears its challenger, then for ${SLOTS} slots the solver hears nobody`,
	liar: true,
	workers: { bob: lying("forward"), charlie: honest },
	terms: { challenge: 80 },
	async disturb(stage) {
		const others = (name) => stage.network.names.filter((other) => other !== name);
		await stage.live.wait("taskMarket.ClaimSubmitted", 300);
		await stage.pause(0, 12);
		await mute(stage, ["charlie"], others("charlie"), "nobody hears charlie");
		await stage.pause(6, 12);
		await mute(stage, others("bob"), ["bob"], "bob hears nobody");
	},
};
