import { giveKey } from "../../cast.mjs";
import { connect, expect, keyring, send, sleep } from "../../chain.mjs";
import { ASY } from "../../lines.mjs";
import { honest, lying } from "../workers.mjs";

const ACCOUNTS = 64, FUNDS = 100n * ASY;
/** Of the 32 places that a claim has for games. How many are taken within its challenge window is the machine's pace. */
const LEAST_GAMES = 24;
const secret = (i) => `//Crowd//${i}`;

/** The call by which a game was opened in a block. */
async function openingIn(api, block) {
	const { block: { extrinsics } } = await api.rpc.chain.getBlock(await api.rpc.chain.getBlockHash(block));
	return extrinsics.find(({ method }) => method.section === "dispute" && method.method === "open")?.method;
}

/** Sends a call without waiting for it. A pool that has no place, or a state that has changed, is the crowd's trouble. */
const toss = (call, pair) => call.signAndSend(pair, { nonce: -1 }).then(() => true, () => false);

export default {
	about: `${ACCOUNTS} accounts dispute an honest claim, until all its places for games are taken, and flood the market`,
	accused: true,
	workers: { bob: honest, charlie: honest, dave: lying("accuse") },
	terms: { challenge: 60 },
	async set(stage) {
		const keys = keyring();
		this.crowd = Array.from({ length: ACCOUNTS }, (_, i) => keys.addFromUri(secret(i)));
		const { tx } = stage.api;
		await send(stage.api, tx.utility.batchAll(this.crowd.map(({ address }) => tx.balances.transferKeepAlive(address, FUNDS))), keys.addFromUri("//Dave"));
		// dave's node plays the games of them all.
		const dave = await connect(stage.network.url("dave"));
		for (let i = 0; i < ACCOUNTS; i += 1) await giveKey(dave, "achl", secret(i), this.crowd[i]);
		await dave.disconnect();
	},
	async disturb(stage) {
		const { crowd } = this;
		const { api, live } = stage;
		let sent = 0;
		const flood = async () => {
			for (let i = 0; !stage.over; i += 1) {
				const pair = crowd[i % ACCOUNTS];
				const work = { ...stage.task.work };
				const terms = { reward: ASY, bidding: 5, training: 20, heartbeat: 20, challenge: 20, assurance: "Challenge", hardware: null };
				const spam = [
					api.tx.taskMarket.placeBid(stage.id, 1n),
					api.tx.taskMarket.postTask(stage.task.program, work, terms, [pair.address]),
					api.tx.system.remark(`0x${"5a".repeat(1024)}`),
				];
				if (await toss(stage.random.pick(spam), pair)) sent += 1;
				await sleep(100);
			}
		};
		const flooding = flood();
		await live.wait("dispute.GameOpened", 400);
		const opened = () => new Set(live.all("dispute.GameOpened").map((e) => String(e.data.challenger)));
		const first = live.all("dispute.GameOpened")[0];
		const opening = await openingIn(api, first.block);
		const call = api.tx.dispute.open(...opening.args);
		while (!stage.over && opened().size < ACCOUNTS) {
			const idle = crowd.filter(({ address }) => !opened().has(address));
			await Promise.all(idle.map((pair) => toss(call, pair)));
			await stage.slots(2);
		}
		stage.say(`${opened().size} accounts have opened ${live.all("dispute.GameOpened").length} games`);
		while (!stage.over) await sleep(500);
		await flooding;
		stage.say(`${sent} transactions of the flood were taken by the pool`);
		expect(sent > 0, "the pool takes some of the flood");
	},
	check(stage) {
		const games = stage.story.all("dispute.GameResolved");
		expect(games.length >= LEAST_GAMES, `at least ${LEAST_GAMES} games, got ${games.length}`);
		expect(games.every((e) => e.data.winner.isDefender), "the accused is acquitted in each");
		expect(stage.story.all("dispute.BondSlashed").length === games.length, "each lost bond is taken");
	},
};
