import { SECRETS, giveKey } from "../../cast.mjs";
import { connect, eachBlock, expect, keyring } from "../../chain.mjs";
import { honest } from "../workers.mjs";

/** Reports of BABE's equivocations in the blocks so far, and those of them that failed. */
async function reports(api) {
	const best = (await api.rpc.chain.getHeader()).number.toNumber();
	const count = { sent: 0, failed: 0 };
	for (let number = 1; number <= best; number += 1) {
		const hash = await api.rpc.chain.getBlockHash(number);
		const { block: { extrinsics } } = await api.rpc.chain.getBlock(hash);
		const events = await (await api.at(hash)).query.system.events();
		for (const [index, { method }] of extrinsics.entries()) {
			if (method.section !== "babe" || method.method !== "reportEquivocationUnsigned") continue;
			count.sent += 1;
			const its = events.filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eq(index));
			if (its.some(({ event }) => event.method === "ExtrinsicFailed")) count.failed += 1;
		}
	}
	return count;
}

export default {
	about: "the solver's node runs twice with one keystore: the validator's keys and the solver's",
	more: ["twin"],
	keys: { twin: "bob" },
	workers: { bob: honest, charlie: honest, twin: honest },
	honest: ["alice", "charlie", "dave"],
	async set(stage) {
		const api = await connect(stage.network.url("twin"));
		await giveKey(api, "asol", SECRETS.solver, stage.people.solver);
		await api.disconnect();
	},
	async disturb(stage) {
		const { api } = stage;
		// Most likely it was reported before the task was posted; who is disabled for it cannot do it again.
		const kinds = async () => {
			const keys = await api.query.offences.concurrentReportsIndex.keys();
			return new Set(keys.map(({ args: [kind] }) => Buffer.from(kind.toU8a()).toString()));
		};
		const wanted = "babe:equivocatio";
		const found = await eachBlock(api, 40, wanted, async () => (await kinds()).has(wanted)).catch(() => false);
		const { sent, failed } = await reports(api);
		stage.say(`offences on the chain: ${[...(await kinds())].join(", ") || "none"}; ${sent} reports of two blocks in one slot, ${failed} failed`);
		expect(found, `two blocks in one slot are an offence; ${failed} of ${sent} reports of them failed on the chain`);
		const offenders = new Set((await api.query.offences.reports.entries()).map(([, report]) => String(report.unwrap().offender[0])));
		expect(String([...offenders]) === keyring().addFromUri("//Bob//stash").address, "the twins' validator is the offender, and nobody else");
	},
	check(stage) {
		const claims = stage.story.all("taskMarket.ClaimSubmitted").filter((e) => e.data.task.eq(stage.id));
		expect(claims.length === 1, `one claim of both, got ${claims.length}`);
	},
};
