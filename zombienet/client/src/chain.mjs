// Connection, signing and waiting, shared by the scripts beside this file.
import { createConnection } from "node:net";
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";

export const keyring = () => new Keyring({ type: "sr25519", ss58Format: 42 });

/** Whether something listens at a ws:// address. */
function listens(url) {
	const { hostname, port } = new URL(url);
	return new Promise((resolve) => {
		const socket = createConnection({ host: hostname, port: Number(port) });
		const done = (answer) => { socket.destroy(); resolve(answer); };
		socket.once("connect", () => done(true));
		socket.once("error", () => done(false));
	});
}

/** Connects to a node; fails after `timeoutMs` instead of retrying for ever. */
export async function connect(url = "ws://127.0.0.1:9944", timeoutMs = 120_000) {
	const until = Date.now() + timeoutMs;
	while (!(await listens(url))) {
		if (Date.now() > until) throw new Error(`no node answers at ${url}; is it running with --rpc-port of that number?`);
		await sleep(250);
	}
	const api = new ApiPromise({ provider: new WsProvider(url), noInitWarn: true });
	await api.isReadyOrError;
	return api;
}

/** Calls a method of a node that is not among those that @polkadot/api knows. */
export async function ask(url, method, ...params) {
	const headers = { "content-type": "application/json" };
	const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) });
	const { result, error } = await answer.json();
	if (error) throw new Error(`${method}: ${error.message}`);
	return result;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The module error of a failed dispatch as `pallet.Name: documentation`. */
export function describe(api, dispatchError) {
	if (!dispatchError.isModule) return dispatchError.toString();
	const { section, name, docs } = api.registry.findMetaError(dispatchError.asModule);
	return `${section}.${name}: ${docs.join(" ")}`;
}

/**
 * Signs, submits and waits until the extrinsic is in a block; resolves to its events or throws its error. Where a
 * fork has put an earlier transaction of the signer back into the pool, so that this one has its nonce, it waits.
 */
export async function send(api, call, signer, options = {}) {
	for (let tries = 20; ; tries -= 1) {
		try {
			return await sendOnce(api, call, signer, options);
		} catch (error) {
			const nonceTaken = /^(1014|1010): /.test(error.message);
			if (!nonceTaken || tries === 0) throw error;
			await sleep(1000);
		}
	}
}

function sendOnce(api, call, signer, { finalized = false }) {
	return new Promise((resolve, reject) => {
		let unsubscribe = () => {};
		call.signAndSend(signer, { nonce: -1 }, (result) => {
			const { status, dispatchError, events } = result;
			if (result.isError) {
				unsubscribe();
				reject(new Error(`${call.method.section}.${call.method.method}: ${status.type}`));
			}
			if (finalized ? !status.isFinalized : !status.isInBlock) return;
			unsubscribe();
			if (dispatchError) reject(new Error(describe(api, dispatchError)));
			else resolve({ events, hash: finalized ? status.asFinalized : status.asInBlock });
		}).then((u) => { unsubscribe = u; }, reject);
	});
}

/** Calls `look(header)` at each new best block until it returns something; gives up after `blocks` blocks. */
export function eachBlock(api, blocks, what, look) {
	return new Promise((resolve, reject) => {
		let first, unsubscribe = () => {}, busy = false;
		api.rpc.chain.subscribeNewHeads(async (header) => {
			const number = header.number.toNumber();
			first ??= number;
			if (busy) return;
			busy = true;
			try {
				const found = await look(header);
				if (found !== undefined && found !== null && found !== false) {
					unsubscribe();
					resolve(found);
				} else if (number > first + blocks) {
					unsubscribe();
					reject(new Error(`gave up after ${blocks} blocks waiting for ${what}`));
				}
			} catch (error) {
				unsubscribe();
				reject(error);
			} finally {
				busy = false;
			}
		}).then((u) => { unsubscribe = u; }, reject);
	});
}

/** Fails loudly; the message says what was expected. */
export function expect(condition, message) {
	if (!condition) throw new Error(`expected: ${message}`);
}

/** `--name value` and `--flag` arguments as an object. */
export function args(argv = process.argv.slice(2)) {
	const out = {};
	for (let i = 0; i < argv.length; i += 1) {
		if (!argv[i].startsWith("--")) continue;
		const next = argv[i + 1];
		if (next === undefined || next.startsWith("--")) out[argv[i].slice(2)] = true;
		else { out[argv[i].slice(2)] = next; i += 1; }
	}
	return out;
}
