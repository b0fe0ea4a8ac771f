// Who plays in a scenario, what they need beforehand, and what they have.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { connect, keyring, send } from "./chain.mjs";
import { ASY } from "./lines.mjs";
import { binary, run } from "./network.mjs";

/** Whose account is whose: the requester asks alice, the solver works on bob, the challenger on charlie. */
export const SECRETS = { requester: "//Eve", solver: "//Ferdie", challenger: "//One" };

/** Key pairs by role. */
export function cast() {
	const keys = keyring();
	return Object.fromEntries(Object.entries(SECRETS).map(([role, secret]) => [role, keys.addFromUri(secret)]));
}

/** Roles by address. */
export const namesOf = (people) => new Map(Object.entries(people).map(([role, pair]) => [pair.address, role]));

/** Gives a node the key of an off-chain role. */
export async function giveKey(api, type, suri, pair) {
	await api.rpc.author.insertKey(type, suri, `0x${Buffer.from(pair.publicKey).toString("hex")}`);
}

/** Puts the blobs into alice's store, funds the challenger, registers the solver, and gives both their nodes. */
export async function setUp(network, api, people, blobs) {
	const files = readdirSync(blobs).map((file) => join(blobs, file));
	run(binary("assay-node"), ["blob", "put", "--chain", network.spec, "--base-path", network.base("alice"), ...files]);
	await send(api, api.tx.balances.transferKeepAlive(people.challenger.address, 1_000n * ASY), people.requester);
	await send(api, api.tx.computeStaking.register("Cpu", "0x"), people.solver);
	await send(api, api.tx.computeStaking.bond(2_000n * ASY), people.solver);
	for (const [node, type, suri, pair] of [["bob", "asol", SECRETS.solver, people.solver], ["charlie", "achl", SECRETS.challenger, people.challenger]]) {
		const its = await connect(network.url(node));
		await giveKey(its, type, suri, pair);
		await its.disconnect();
	}
}

export async function balances(api, people) {
	const held = async ([role, { address }]) => {
		const { data: d } = await api.query.system.account(address);
		return [role, d.free.toBigInt() + d.reserved.toBigInt()];
	};
	return Object.fromEntries(await Promise.all(Object.entries(people).map(held)));
}

/** What an undisturbed training of the whole task on this machine claims. */
export async function trainHere(network, task) {
	const out = join(network.dir, "local");
	return JSON.parse(await network.beside(binary("assay-worker"), ["train", task.manifest, "--data", task.train, "--out", out, "--json"])).claim;
}
