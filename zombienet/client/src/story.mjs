// Tells what happens on the chain, block by block, from events alone.
export const ASY = 10n ** 12n;

/** An amount for people. */
export function asy(value) {
	const n = BigInt(value);
	const sign = n < 0n ? "-" : "";
	const abs = n < 0n ? -n : n;
	const fraction = String(abs % ASY).padStart(12, "0").slice(0, 4);
	return `${sign}${abs / ASY}.${fraction} ASY`;
}

const short = (hex) => `${String(hex).slice(0, 10)}…`;

/** Follows every block from `from` on; keeps all events of our pallets and prints those that matter. */
export class Story {
	constructor(api, names, print = console.log) {
		this.api = api;
		this.names = names;
		this.print = print;
		this.events = [];
		this.block = 0;
		this.bytes = 0;
		this.waiting = [];
	}

	who(account) { return this.names.get(String(account)) ?? short(account); }

	async start() {
		const first = await this.api.rpc.chain.getHeader();
		this.block = first.number.toNumber();
		this.unsubscribe = await this.api.rpc.chain.subscribeNewHeads((header) => {
			this.queue = (this.queue ?? Promise.resolve()).then(() => this.catchUp(header.number.toNumber())).catch((error) => this.fail(error));
		});
	}

	fail(error) { for (const w of this.waiting.splice(0)) w.reject(error); }
	/** Stops listening, once the block at hand has been told. */
	async stop() { this.unsubscribe?.(); await this.queue; }

	async catchUp(number) {
		while (this.block < number) {
			const next = this.block + 1;
			const hash = await this.api.rpc.chain.getBlockHash(next);
			const at = await this.api.at(hash);
			for (const { event } of await at.query.system.events()) this.take(next, event);
			this.block = next;
		}
		for (const waiter of [...this.waiting]) {
			const found = waiter.look();
			if (found) { this.waiting.splice(this.waiting.indexOf(waiter), 1); waiter.resolve(found); }
			else if (this.block > waiter.until) {
				this.waiting.splice(this.waiting.indexOf(waiter), 1);
				waiter.reject(new Error(`block ${this.block} and still no ${waiter.what}`));
			}
		}
	}

	take(block, event) {
		if (!["taskMarket", "dispute", "computeStaking"].includes(event.section)) return;
		const data = Object.fromEntries(event.data.names.map((name, i) => [name, event.data[i]]));
		const entry = { block, section: event.section, method: event.method, data };
		this.events.push(entry);
		const line = this.describe(entry);
		if (line) this.print(`#${String(block).padStart(4)}  ${line}`);
	}

	describe({ section, method, data }) {
		const d = data;
		switch (`${section}.${method}`) {
			case "taskMarket.TaskPosted": return `task ${d.task} posted by ${this.who(d.requester)}, escrow ${asy(d.escrow)}`;
			case "taskMarket.BidPlaced": return `${this.who(d.solver)} bids ${asy(d.price)}`;
			case "taskMarket.TaskAssigned": return `assigned to ${this.who(d.solver)} for ${asy(d.price)}, stake behind it ${asy(d.stake)}, claim due by block ${d.until}`;
			case "taskMarket.HeartbeatReceived": return `heartbeat: ${d.states} states, root ${short(d.root.toHex())}`;
			case "taskMarket.ClaimSubmitted": return `claim ${short(d.claim.root.toHex())} over ${d.claim.states} states, may be challenged until block ${d.until}`;
			case "taskMarket.TaskFinalised": return `FINAL: ${this.who(d.solver)} is paid ${asy(d.paid)}, fee ${asy(d.fee)} burned, ${asy(d.refunded)} back to ${this.who(d.requester)}`;
			case "taskMarket.DeadlineMissed": return `${this.who(d.solver)} missed its deadline: ${asy(d.slashed.amount)} slashed (${asy(d.slashed.paid)} paid, ${asy(d.slashed.burned)} burned)`;
			case "taskMarket.TaskReopened": return `task ${d.task} is open again, attempt ${d.attempt}`;
			case "taskMarket.TaskExpired": return `task ${d.task} expired without an eligible bid, ${asy(d.refunded)} back`;
			case "taskMarket.TaskFailed": return `task ${d.task} failed, ${asy(d.refunded)} back to ${this.who(d.requester)}`;
			case "taskMarket.ClaimConvicted": return `CONVICTED (${d.verdict}): ${this.who(d.solver)} loses ${asy(d.slashed.amount)}: ${asy(d.slashed.paid)} paid to ${this.who(d.requester)} and ${this.who(d.challenger)}, ${asy(d.slashed.burned)} burned; ${asy(d.refunded)} escrow back to ${this.who(d.requester)}`;
			case "dispute.GameOpened": return `game ${d.game} opened by ${this.who(d.challenger)} against ${this.who(d.solver)}, bond ${asy(d.bond)}, ${d.clock} blocks a side`;
			case "dispute.Moved": this.bytes += d.bytes.toNumber(); return `game ${d.game}: ${String(d.side).toLowerCase()} plays ${d.kind} (${d.bytes} bytes, by ${this.who(d.by)})`;
			case "dispute.GameResolved": return `game ${d.game}: ${String(d.winner).toLowerCase()} wins, ${JSON.stringify(d.outcome.toHuman())}, after ${d.moves} moves`;
			case "dispute.BondReturned": return `game ${d.game}: bond of ${asy(d.amount)} back to ${this.who(d.challenger)}`;
			case "dispute.BondSlashed": return `game ${d.game}: bond of ${this.who(d.challenger)} lost, ${asy(d.paid)} to the solver, ${asy(d.burned)} burned`;
			case "dispute.GameClosed": return `game ${d.game} closed, its claim is gone`;
			default: return method.endsWith("Failed") ? `${section}.${method} ${JSON.stringify(Object.fromEntries(Object.entries(d).map(([k, v]) => [k, v.toHuman()])))}` : undefined;
		}
	}

	/** All events of one kind so far. */
	all(name) { return this.events.filter((e) => `${e.section}.${e.method}` === name); }

	/** The first event of one of these kinds that `test` accepts, now or within so many blocks. */
	wait(names, blocks, test = () => true) {
		const kinds = [names].flat();
		const look = () => this.events.find((e) => kinds.includes(`${e.section}.${e.method}`) && test(e));
		const found = look();
		if (found) return Promise.resolve(found);
		return new Promise((resolve, reject) => this.waiting.push({ look, resolve, reject, until: this.block + blocks, what: kinds.join(" or ") }));
	}
}
