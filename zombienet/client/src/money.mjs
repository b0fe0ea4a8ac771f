// Checks that escrow, stake and bonds went somewhere, to the unit.
import { expect } from "./chain.mjs";

const n = (value) => value.toBigInt();
const sum = (events, ...fields) => events.reduce((total, { data }) => fields.reduce((t, field) => t + n(data[field]), total), 0n);

/** What parts were paid before and what the end of the task settles are the escrow. */
function checkEscrow(story, escrow) {
	const parts = sum(story.all("taskMarket.PartPaid"), "paid", "fee");
	for (const event of story.all("taskMarket.TaskFinalised")) {
		expect(parts + sum([event], "paid", "fee", "refunded") === escrow, "pay, fee and refund are the escrow");
	}
	for (const kind of ["ClaimConvicted", "TaskFailed", "TaskExpired"]) {
		for (const event of story.all(`taskMarket.${kind}`)) {
			expect(parts + sum([event], "refunded") === escrow, "the requester gets back what was not paid for parts");
		}
	}
}

/** What was slashed is paid and burned, and with what is free again all that was locked. */
function checkStake(story) {
	for (const kind of ["ClaimConvicted", "DeadlineMissed", "PartPaid", "ClaimWithdrawn"]) {
		for (const { data: { slashed: s } } of story.all(`taskMarket.${kind}`)) {
			expect(n(s.amount) > 0n && n(s.amount) === n(s.paid) + n(s.burned), `slashed is paid and burned (${kind})`);
			expect(kind !== "ClaimConvicted" || n(s.burned) * 2n >= n(s.amount), "at least half of the stake burns");
		}
	}
	const slashed = story.all("computeStaking.Slashed");
	expect(sum(slashed, "paid") === sum(story.all("computeStaking.SlashPaid"), "amount"), "beneficiaries get what is paid out of stake");
	const locks = new Map();
	for (const { method, data: d } of story.events.filter((e) => e.section === "computeStaking")) {
		const lock = `${d.solver}/${d.task}`;
		if (method === "Locked") locks.set(lock, n(d.amount));
		if (method !== "Slashed" && method !== "Released") continue;
		const gone = n(d.amount) + (method === "Slashed" ? n(d.released) : 0n);
		expect(locks.get(lock) === gone, "what is taken and what is free again are what was locked");
		locks.delete(lock);
	}
}

/** Every bond is returned or split. */
function checkBonds(story) {
	for (const { data: opened } of story.all("dispute.GameOpened")) {
		const of = (kind) => story.all(`dispute.${kind}`).filter((e) => e.data.game.eq(opened.game));
		const gone = sum(of("BondReturned"), "amount") + sum(of("BondSlashed"), "paid", "burned");
		expect(gone === n(opened.bond), `the bond of game ${opened.game} is returned or split`);
	}
}

/** All three. */
export function checkMoney(story, escrow) {
	checkEscrow(story, escrow);
	checkStake(story);
	checkBonds(story);
}
