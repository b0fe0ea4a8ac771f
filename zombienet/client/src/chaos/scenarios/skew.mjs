import { readdirSync } from "node:fs";
import { expect } from "../../chain.mjs";
import { honest, lying } from "../workers.mjs";

/** The library that shows processes another time. */
function library() {
	const found = readdirSync("/usr/lib", { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => `/usr/lib/${entry.name}/faketime`);
	for (const folder of found) {
		try { if (readdirSync(folder).includes("libfaketimeMT.so.1")) return `${folder}/libfaketimeMT.so.1`; } catch { /* not there */ }
	}
	throw new Error("no libfaketime: apt-get install faketime");
}

const shifted = (seconds) => ({
	LD_PRELOAD: library(), FAKETIME: `${seconds < 0 ? "" : "+"}${seconds.toFixed(2)}`, FAKETIME_DONT_FAKE_MONOTONIC: "1", FAKETIME_DISABLE_SHM: "1", NO_FAKE_STAT: "1",
});

export default {
	about: "a solver lies; its clock is ahead and its challenger's behind by up to a slot, dave's is wrong by two to four slots",
	liar: true,
	workers: { bob: lying("forward"), charlie: honest },
	terms: { challenge: 80 },
	env(random) {
		const [bob, charlie] = [random.between(0.5, 2.8), -random.between(0.5, 2.8)];
		const dave = random.between(6, 12) * random.pick([-1, 1]);
		console.log(`       clocks: bob ${bob.toFixed(2)} s, charlie ${charlie.toFixed(2)} s, dave ${dave.toFixed(2)} s`);
		return { bob: shifted(bob), charlie: shifted(charlie), dave: shifted(dave) };
	},
	set({ network }) {
		for (const name of Object.keys(network.env)) expect(network.hasLoaded(name, "libfaketime"), `${name}'s node has loaded libfaketime, without which its clock is right`);
	},
	async disturb() {},
};
