// A network namespace for each node, joined by a bridge, and faults of the network between them. The bridge
// is in the namespace of this process, which scripts/chaos.sh makes: nothing of the machine's network is touched.
import { execFileSync } from "node:child_process";
import { expect } from "../chain.mjs";

const HUB = "10.77.0.254";

function does(program, ...args) {
	try {
		return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
	} catch (error) {
		throw new Error(`${program} ${args.join(" ")}: ${error.stderr || error.message}`);
	}
}
const ip = (...args) => does("ip", ...args);

/** Where the nodes of a network run, each with an address of its own. Packets from the bridge always pass. */
export class Spaces {
	constructor(names) {
		this.names = names;
		// Whoever may call unsafe methods is only this process, on the bridge.
		this.options = ["--unsafe-rpc-external"];
	}

	/** Makes bridge and namespaces. They vanish with the last process in them. */
	open() {
		const links = JSON.parse(ip("-json", "link")).map((link) => link.ifname);
		expect(links.join() === "lo", "an empty network namespace of its own: run scripts/chaos.sh");
		ip("link", "set", "lo", "up");
		ip("link", "add", "hub", "type", "bridge");
		ip("address", "add", `${HUB}/24`, "dev", "hub");
		ip("link", "set", "hub", "up");
		for (const name of this.names) this.add(name);
	}

	add(name) {
		ip("netns", "add", name);
		ip("link", "add", `to-${name}`, "type", "veth", "peer", "name", "eth0", "netns", name);
		ip("link", "set", `to-${name}`, "master", "hub", "up");
		ip("-netns", name, "address", "add", `${this.host(name)}/24`, "dev", "eth0");
		ip("-netns", name, "link", "set", "lo", "up");
		ip("-netns", name, "link", "set", "eth0", "up");
		this.nft(name, "add table ip chaos; add chain ip chaos heard { type filter hook input priority 0; }");
	}

	host(name) { return `10.77.0.${this.names.indexOf(name) + 1}`; }
	command(name, program, args) { return ["ip", ["netns", "exec", name, program, ...args]]; }
	nft(name, rules) { does("ip", "netns", "exec", name, "nft", rules); }

	/** From now on `listener` hears nothing that `speaker` sends. */
	cut(speaker, listener) {
		this.nft(listener, `add rule ip chaos heard ip saddr ${this.host(speaker)} counter drop`);
	}

	/** Nobody on one side hears anybody on the other. */
	split(side, otherSide) {
		for (const one of side) for (const other of otherSide) { this.cut(one, other); this.cut(other, one); }
	}

	/** Everybody loses so many of a hundred packets that come from other nodes, at random. */
	lose(percent) {
		for (const name of this.names) {
			this.nft(name, `add rule ip chaos heard ip saddr != { ${HUB}, ${this.host(name)} } numgen random mod 100 < ${percent} counter drop`);
		}
	}

	/** What everybody sends waits in a queue of up to `latency` ms, of which `rate` Mbit/s leave. */
	slow(rate, latency) {
		for (const name of this.names) {
			does("tc", "-netns", name, "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", `${rate}mbit`, "burst", "8kb", "latency", `${latency}ms`);
		}
	}

	/** Packets that were dropped so far. */
	dropped() {
		const rules = this.names.map((name) => does("ip", "netns", "exec", name, "nft", "list chain ip chaos heard")).join();
		return [...rules.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
	}

	/** Every packet arrives again. */
	heal() {
		for (const name of this.names) this.nft(name, "flush chain ip chaos heard");
	}
}
