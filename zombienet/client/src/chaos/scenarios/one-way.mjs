import { honest, lying } from "../workers.mjs";

const SLOTS = 12;

export default {
	about: `a solver lies; for ${SLOTS} slots nobody hears its challenger, then for ${SLOTS} slots the solver hears nobody`,
	liar: true,
	workers: { bob: lying("forward"), charlie: honest },
	terms: { challenge: 80 },
	async disturb(stage) {
		const others = (name) => stage.network.names.filter((other) => other !== name);
		await stage.live.wait("taskMarket.ClaimSubmitted", 300);
		await stage.pause(0, 12);
		for (const other of others("charlie")) stage.spaces.cut("charlie", other);
		stage.say("nobody hears charlie");
		await stage.slots(SLOTS);
		stage.say(`${stage.spaces.dropped()} packets dropped`);
		stage.spaces.heal();
		await stage.pause(6, 12);
		for (const other of others("bob")) stage.spaces.cut(other, "bob");
		stage.say("bob hears nobody");
		await stage.slots(SLOTS);
		stage.say(`${stage.spaces.dropped()} packets dropped`);
		stage.spaces.heal();
	},
};
