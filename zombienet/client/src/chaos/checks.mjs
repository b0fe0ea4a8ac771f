// What must hold at the end of every scenario, besides the task's outcome.
import { ask, expect, sleep } from "../chain.mjs";
import { checkMoney } from "../money.mjs";

/** Blocks that the chain's agenda may put off the end of a game (`AGENDA_SLACK` of the runtime). */
const AGENDA_SLACK = 64;
/** Without a new block anywhere for so many seconds the chain has stopped. */
const STALLED = 240;

/** Best and final block of a node, as numbers. */
export async function heights(network, name) {
	const call = (method, ...params) => ask(network.httpUrl(name), method, ...params);
	const number = async (hash) => Number((await call("chain_getHeader", ...hash)).number);
	const [best, final] = await Promise.all([number([]), call("chain_getFinalizedHead").then((hash) => number([hash]))]);
	return { best, final };
}

const hashAt = (network, name, number) => ask(network.httpUrl(name), "chain_getBlockHash", number);

/** Waits until all these nodes have made a block final that comes `more` blocks after the best of now, the same one. Returns its number. */
export async function checkFinality(network, names, more = 3, blocks = 80) {
	const from = Math.max(...(await Promise.all(names.map((name) => heights(network, name)))).map(({ best }) => best));
	const goal = from + more;
	const told = () => Promise.all(names.map((name) => heights(network, name).catch(() => ({ best: 0, final: 0 }))));
	let now, best = 0, moved = Date.now();
	for (;; await sleep(1000)) {
		now = await told();
		if (now.every(({ final }) => final >= goal)) break;
		const high = Math.max(...now.map((height) => height.best));
		if (high > best) [best, moved] = [high, Date.now()];
		const where = names.map((name, i) => `${name} ${now[i].final} of ${now[i].best}`).join(", ");
		expect(best <= goal + blocks && Date.now() - moved < STALLED * 1000, `block ${goal} to become final everywhere; final are ${where}`);
	}
	const hashes = await Promise.all(names.map((name) => hashAt(network, name, goal)));
	expect(new Set(hashes).size === 1, `the same final block ${goal} everywhere, got ${hashes}`);
	return goal;
}

/** Every game ended within its clocks. */
export function checkClocks(story) {
	const ends = [...story.all("dispute.GameResolved"), ...story.all("dispute.GameClosed")];
	let longest = 0;
	for (const { block, data } of story.all("dispute.GameOpened")) {
		const end = ends.find((e) => e.data.game.eq(data.game));
		expect(end, `game ${data.game} has ended`);
		const bound = 2 * data.clock.toNumber() + AGENDA_SLACK;
		expect(end.block - block <= bound, `game ${data.game} ended within ${bound} blocks, took ${end.block - block}`);
		longest = Math.max(longest, end.block - block);
	}
	return longest;
}

/** All that accounts have is what was issued, and nothing of this is held for games that are over. */
async function checkIssuance(api) {
	const at = await api.at(await api.rpc.chain.getFinalizedHead());
	const accounts = await at.query.system.account.entries();
	const sum = accounts.reduce((total, [, { data: d }]) => total + d.free.toBigInt() + d.reserved.toBigInt(), 0n);
	const issued = (await at.query.balances.totalIssuance()).toBigInt();
	expect(sum === issued, `accounts hold what was issued: ${sum} and ${issued}`);
	const games = await at.query.dispute.disputes.keys();
	expect(games.length === 0, `no game is open, ${games.length} are`);
}

/** Escrow, stake and bonds of one task, and the issuance of the whole chain. */
export async function checkAllMoney(api, story, task, escrow) {
	const games = story.all("dispute.GameOpened").filter((e) => e.data.task.eq(task)).map((e) => e.data.game.toNumber());
	const isOurs = ({ data }) => (data.task ? data.task.eq(task) : data.game === undefined || games.includes(data.game.toNumber()));
	const events = story.events.filter(isOurs);
	const all = (name) => events.filter((e) => `${e.section}.${e.method}` === name);
	checkMoney({ events, all }, escrow);
	await checkIssuance(api);
}
