import { expect } from "../../chain.mjs";
import { killAll, killNode, killWorker } from "../kills.mjs";
import { honest } from "../workers.mjs";

const IN_TRAINING = ["node", "node", "worker", "worker", "worker", "worker"];
const IN_CHECK = ["charlie node", "charlie worker"];

export default {
	about: "solver and challenger are killed while the one trains and the other checks, nodes and workers",
	workers: { bob: honest, charlie: honest },
	numbers: { steps: 1200, stride: 10 },
	terms: { training: 300, heartbeat: 150 },
	async disturb(stage) {
		const { random } = stage;
		let claimed = false;
		const claim = stage.live.wait("taskMarket.ClaimSubmitted", 400).then(() => { claimed = true; });
		await stage.live.wait("taskMarket.TaskAssigned", 60);
		const isOver = () => claimed || stage.over;
		// By steps, since machines are of any speed.
		const shares = IN_TRAINING.map((_, i) => (i + random.next()) / (IN_TRAINING.length + 1));
		for (const [i, what] of random.shuffle(IN_TRAINING).entries()) {
			const trains = await stage.reached(shares[i], isOver);
			expect(trains, `${IN_TRAINING.length} kills while it trains; the training was over after ${i}`);
			if (what === "node") await killNode(stage, "bob");
			else await killWorker(stage, "bob", isOver);
		}
		await claim;
		// At once, as a fast machine has soon checked the claim.
		const [first, second] = random.shuffle(IN_CHECK);
		const killed = await killAll(stage, [first], [0, 0], () => stage.over);
		expect(killed === 1, "charlie is killed while it checks the claim");
		await killAll(stage, random.shuffle([second, "bob node"]), [0, 5], () => stage.over);
	},
};
