// Tells what happens on the chain, block by block, from events alone.
import { LINES, short } from "./lines.mjs";

/** Follows every block from now on; keeps all events of our pallets and prints those that matter. */
export class Story {
	/** `names` says who accounts are. `final`: follows final blocks only, of which none is ever taken back. `more`: other pallets to follow. */
	constructor(api, names, print = console.log, { final = false, more = [] } = {}) {
		this.api = api;
		this.sections = ["taskMarket", "dispute", "computeStaking", ...more];
		this.final = final;
		this.names = names;
		this.print = print;
		this.events = [];
		this.block = 0;
		/** Hashes of the blocks that were told, and what was printed of them. */
		this.told = new Map();
		this.printed = new Set();
		this.waiting = [];
		this.who = (account) => this.names.get(String(account)) ?? short(account);
	}

	async start() {
		const { chain } = this.api.rpc;
		const first = await (this.final ? chain.getHeader(await chain.getFinalizedHead()) : chain.getHeader());
		this.block = first.number.toNumber();
		const subscribe = this.final ? chain.subscribeFinalizedHeads : chain.subscribeNewHeads;
		this.unsubscribe = await subscribe((header) => {
			this.queue = (this.queue ?? Promise.resolve()).then(() => this.catchUp(header.number.toNumber())).catch((error) => this.fail(error));
		});
	}

	fail(error) { for (const w of this.waiting.splice(0)) w.reject(error); }
	/** Stops listening, once the block at hand has been told. */
	async stop() { this.unsubscribe?.(); await this.queue; }

	/** Forgets the blocks that the chain has left for others. */
	async takeBack() {
		for (let hash = this.told.get(this.block); hash; hash = this.told.get(this.block)) {
			if (hash === String(await this.api.rpc.chain.getBlockHash(this.block))) return;
			this.told.delete(this.block);
			this.events = this.events.filter((e) => e.block !== this.block);
			this.block -= 1;
		}
	}

	/** Bytes of all moves so far. */
	get bytes() { return this.all("dispute.Moved").reduce((sum, e) => sum + e.data.bytes.toNumber(), 0); }

	async catchUp(number) {
		if (!this.final) await this.takeBack();
		while (this.block < number) {
			const next = this.block + 1;
			const hash = await this.api.rpc.chain.getBlockHash(next);
			const at = await this.api.at(hash);
			for (const { event } of await at.query.system.events()) this.take(next, event);
			this.block = next;
			this.told.set(next, String(hash));
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
		const { section, method } = event;
		if (!this.sections.includes(section)) return;
		const data = Object.fromEntries(event.data.names.map((name, i) => [name, event.data[i]]));
		const line = this.describe(section, method, data);
		const again = this.events.filter((e) => e.block === block && e.line === line).length;
		this.events.push({ block, section, method, data, line });
		if (!line) return;
		// The same may come once more in another block of that number.
		const key = `${block} ${again} ${line}`;
		if (!this.printed.has(key)) this.print(`#${String(block).padStart(4)}  ${line}`);
		this.printed.add(key);
	}

	describe(section, method, data) {
		const line = LINES[`${section}.${method}`];
		if (line) return line(data, this.who);
		// What went wrong is never left out.
		if (!method.endsWith("Failed")) return undefined;
		return `${section}.${method} ${JSON.stringify(Object.fromEntries(Object.entries(data).map(([k, v]) => [k, v.toHuman()])))}`;
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
