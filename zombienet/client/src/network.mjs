// A network of real nodes on loopback, each a process with its own folder, log and worker.
import { execFile, execFileSync, spawn } from "node:child_process";
import { appendFileSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { childrenOf, hasMapped } from "./processes.mjs";

const target = process.env.CARGO_TARGET_DIR ?? join(process.env.HOME, ".cache/assay/target");
export const binary = (name) => join(target, "release", name);

/** Runs a program to its end; its standard output, or an error with what it wrote. */
export function run(program, args) {
	try {
		return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 });
	} catch (error) {
		// With --json our programs complain on their standard output.
		throw new Error(`${program} ${args.join(" ")}\n${error.stderr || error.stdout || error.message}`);
	}
}

const nodeKey = (index) => String(index + 1).padStart(64, "0");

/** Where the nodes of a network run: here, all on loopback. `chaos/spaces.mjs` has another such place. */
const LOOPBACK = { host: () => "127.0.0.1", options: [], command: (_name, program, args) => [program, args] };

export class Network {
	/**
	 * `workers[name]` is the command line of a node's worker; nodes without one run none. `env[name]` is added to a
	 * node's environment, `keys[name]` is whose session keys it has (else its own).
	 */
	constructor({ names = ["alice", "bob", "charlie", "dave"], workers = {}, firstPort, dir, place = LOOPBACK, env = {}, keys = {} } = {}) {
		this.names = names;
		this.workers = workers;
		Object.assign(this, { place, env, keys });
		this.firstPort = Number(firstPort ?? 31000);
		this.dir = dir ?? mkdtempSync(join(tmpdir(), "assay-"));
		this.processes = new Map();
		/** Names of the nodes that ended by themselves, each as often as it did. */
		this.ended = [];
		/** What is done when all processes have ended. */
		this.atEnd = [];
		this.keep = dir !== undefined;
	}

	base(name) { return join(this.dir, name); }
	log(name) { return join(this.dir, `${name}.log`); }
	rpcPort(name) { return this.firstPort + 100 + this.names.indexOf(name); }
	url(name) { return `ws://${this.place.host(name)}:${this.rpcPort(name)}`; }
	httpUrl(name) { return `http://${this.place.host(name)}:${this.rpcPort(name)}`; }
	get spec() { return join(this.dir, "spec.json"); }

	start() {
		const node = binary("assay-node");
		if (!existsSync(node)) throw new Error(`no ${node}: run scripts/demo.sh, which builds it`);
		mkdirSync(this.dir, { recursive: true });
		run(node, ["export-chain-spec", "--chain", "local", "--raw", "--output", this.spec]);
		const peer = execFileSync(node, ["key", "inspect-node-key"], { input: nodeKey(0), encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] }).trim();
		this.boot = `/ip4/${this.place.host(this.names[0])}/tcp/${this.firstPort}/p2p/${peer}`;
		for (const name of this.names) this.startNode(name);
	}

	startNode(name) {
		const index = this.names.indexOf(name);
		const [worker, ...workerArgs] = this.workers[name] ?? [];
		const args = [
			"--chain", this.spec, `--${this.keys[name] ?? name}`, "--base-path", this.base(name), "--node-key", nodeKey(index),
			"--listen-addr", `/ip4/${this.place.host(name)}/tcp/${this.firstPort + index}`, "--rpc-port", String(this.rpcPort(name)),
			"--rpc-methods", "unsafe", "--rpc-cors", "all", "--no-prometheus", "--no-mdns", "--no-telemetry",
			// Everybody is one hop away: what no peer brings within seconds is withheld.
			"--bootnodes", this.boot, "--blob-patience", "12", "-lassay=debug", ...this.place.options,
			...(worker ? ["--worker", worker, ...workerArgs.flatMap((arg) => [`--worker-arg=${arg}`])] : ["--no-worker"]),
		];
		const log = createWriteStream(this.log(name), { flags: "a" });
		const [program, its] = this.place.command(name, binary("assay-node"), args);
		const env = { ...process.env, ...this.env[name] };
		const child = spawn(program, its, { stdio: ["ignore", "pipe", "pipe"], env });
		child.stdout.pipe(log);
		child.stderr.pipe(log);
		child.on("exit", (code, signal) => {
			if (this.processes.get(name) === child) {
				this.processes.delete(name);
				appendFileSync(this.log(name), `process ended: ${code ?? signal}\n`);
				if (this.stopping) return;
				this.ended.push(name);
				console.error(`error: node ${name} ended: ${code ?? signal}`);
			}
		});
		this.processes.set(name, child);
	}

	/** Runs a program beside the nodes, at the priority of their workers; resolves to its standard output. */
	beside(program, args) {
		const name = basename(program);
		return new Promise((resolve, reject) => {
			const options = { encoding: "utf8", maxBuffer: 1 << 28 };
			const child = execFile("nice", ["-n", "10", program, ...args], options, (error, stdout, stderr) => {
				this.processes.delete(name);
				if (error) reject(new Error(`${program} ${args.join(" ")}\n${stderr || stdout || error.message}`));
				else resolve(stdout);
			});
			child.once("exit", () => this.processes.delete(name));
			this.processes.set(name, child);
		});
	}

	/** Kills the one worker that runs for a node: a child of that node's process, which we started. Its id, or undefined. */
	killWorker(name) {
		const node = this.processes.get(name);
		const workers = node ? childrenOf(node.pid) : [];
		if (workers.length !== 1) return undefined;
		try {
			process.kill(workers[0], "SIGKILL");
		} catch {
			return undefined; // It has just ended by itself.
		}
		return workers[0];
	}

	/** Kills a node at once, as a power cut would; resolves when it is gone. */
	kill(name) {
		const node = this.processes.get(name);
		if (!node) return Promise.resolve();
		this.processes.delete(name);
		const gone = new Promise((resolve) => node.once("exit", resolve));
		node.kill("SIGKILL");
		return gone;
	}

	/** Whether the node's process runs. */
	runs(name) { return this.processes.has(name); }

	/** Whether the node's process has loaded a library. */
	hasLoaded(name, library) { return this.runs(name) && hasMapped(this.processes.get(name).pid, library); }

	/** Ends a process and waits until it is gone. */
	end(child) {
		return new Promise((resolve) => {
			child.once("exit", resolve);
			child.kill("SIGTERM");
			setTimeout(() => child.kill("SIGKILL"), 10_000).unref();
		});
	}

	/** Stops a node and starts it again, with another worker. */
	async replaceWorker(name, worker) {
		const node = this.processes.get(name);
		this.processes.delete(name);
		await this.end(node);
		this.workers[name] = worker;
		this.startNode(name);
	}

	/** Ends every process that this network started, by its id. */
	async stop() {
		this.stopping = true;
		await Promise.all([...this.processes.values()].map((child) => this.end(child)));
		for (const undo of this.atEnd) {
			// What went wrong before is what the run must end with.
			try { undo(); } catch (error) { console.error(`error: ${error.message}`); }
		}
		if (!this.keep) rmSync(this.dir, { recursive: true, force: true });
	}

	/** The end of every log, for a run that failed. */
	tail(lines = 25) {
		for (const name of this.names) {
			if (!existsSync(this.log(name))) continue;
			const text = readFileSync(this.log(name), "utf8").trimEnd().split("\n").slice(-lines).join("\n");
			console.error(`--- the end of ${name}'s log\n${text}`);
		}
	}
}

/** Runs `body(network)` and stops the network whatever happens; a failure shows the logs. `prepare(network)` comes before its start. */
export async function withNetwork({ prepare, ...options }, body) {
	const network = new Network(options);
	const interrupted = async () => { await network.stop(); process.exit(130); };
	process.once("SIGINT", interrupted);
	process.once("SIGTERM", interrupted);
	try {
		await prepare?.(network);
		network.start();
		return await body(network);
	} catch (error) {
		network.tail();
		throw error;
	} finally {
		await network.stop();
	}
}
