// One line for each event that matters to people, from the event alone.
export const ASY = 10n ** 12n;

/** An amount for people, to the unit. */
export function asy(value) {
	const n = BigInt(value);
	const abs = n < 0n ? -n : n;
	const fraction = String(abs % ASY).padStart(12, "0").replace(/0+$/, "");
	return `${n < 0n ? "-" : ""}${abs / ASY}${fraction && `.${fraction}`} ASY`;
}

export const short = (hex) => `${String(hex).slice(0, 10)}…`;
const side = (value) => value.type.toLowerCase();

/** What a game came to. */
const OUTCOMES = {
	Prefix: "a heartbeat and the claim commit to different states",
	Join: "the trace does not join the state before or after its step",
	Tile: "the referee recomputed the tile and got another one",
	Silence: "the defender let its clock run out",
	Acquitted: "the referee recomputed the tile and got the same",
	ChallengerTimedOut: "the challenger let its clock run out",
	Conceded: "the claim was withdrawn",
};
const outcome = (value) => OUTCOMES[value.isConvicted ? value.asConvicted.type : value.type];

/** What follows from a move. */
function effect(value) {
	if (value.isTurn) return `${side(value.asTurn.side)} answers before #${value.asTurn.deadline}`;
	return value.isEnded ? "the game ends" : "it stands already";
}

const slashed = (s) => `${asy(s.amount)} of the stake slashed: ${asy(s.paid)} paid, ${asy(s.burned)} burned`;

/** By event: the line, from the event's fields and `who`, which names accounts. */
export const LINES = {
	"taskMarket.TaskPosted": (d, who) => `task ${d.task} posted by ${who(d.requester)}: escrow ${asy(d.escrow)}, deposit ${asy(d.deposit)}`,
	"taskMarket.TaskCancelled": (d, who) => `task ${d.task} cancelled, ${asy(d.refunded)} back to ${who(d.requester)}`,
	"taskMarket.TaskExpired": (d, who) => `task ${d.task} expired without an eligible bid, ${asy(d.refunded)} back to ${who(d.requester)}`,
	"taskMarket.BidPlaced": (d, who) => `${who(d.solver)} bids ${asy(d.price)}`,
	"taskMarket.TaskAssigned": (d, who) => `assigned to ${who(d.solver)} for ${asy(d.price)}, stake behind it ${asy(d.stake)}, claim due by block ${d.until}`,
	"taskMarket.HeartbeatReceived": (d) => `heartbeat: ${d.states} states, root ${short(d.root.toHex())}`,
	"taskMarket.ClaimSubmitted": (d) => `claim ${short(d.claim.root.toHex())} over ${d.claim.states} states, may be challenged until block ${d.until}`,
	"taskMarket.ClaimWithdrawn": (d, who) => `${who(d.solver)} takes its claim back: ${slashed(d.slashed)}`,
	"taskMarket.PartPaid": (d, who) => `PART: ${who(d.solver)} is paid ${asy(d.paid)} for ${d.steps} steps, fee ${asy(d.fee)} burned; ${slashed(d.slashed)}; ${d.work.steps} steps are left from step ${d.work.firstStep} on`,
	"taskMarket.TaskFinalised": (d, who) => `FINAL: ${who(d.solver)} is paid ${asy(d.paid)}, fee ${asy(d.fee)} burned, ${asy(d.refunded)} back to ${who(d.requester)}`,
	"taskMarket.DeadlineMissed": (d, who) => `${who(d.solver)} missed its deadline: ${slashed(d.slashed)}`,
	"taskMarket.TaskReopened": (d) => `task ${d.task} is open again, attempt ${d.attempt}, bids until block ${d.until}`,
	"taskMarket.TaskFailed": (d, who) => `task ${d.task} failed, ${asy(d.refunded)} back to ${who(d.requester)}`,
	"taskMarket.ClaimConvicted": (d, who) => `CONVICTED (${d.verdict.type}): ${who(d.solver)}, shown by ${who(d.challenger)}: ${slashed(d.slashed)}; escrow of ${asy(d.refunded)} back to ${who(d.requester)}`,
	"computeStaking.Locked": (d, who) => `stake: ${asy(d.amount)} of ${who(d.solver)} locked for task ${d.task}`,
	"computeStaking.SlashPaid": (d, who) => `stake: ${asy(d.amount)} of ${who(d.solver)} paid to ${who(d.beneficiary)}`,
	"computeStaking.Slashed": (d, who) => `stake: ${asy(d.burned)} of ${who(d.solver)} burned, ${asy(d.released)} free again`,
	"computeStaking.Released": (d, who) => `stake: ${asy(d.amount)} of ${who(d.solver)} free again`,
	"dispute.GameOpened": (d, who) => `game ${d.game} opened by ${who(d.challenger)} against ${who(d.solver)}, bond ${asy(d.bond)}, ${d.clock} blocks a side`,
	"dispute.Moved": (d, who) => `game ${d.game}: ${side(d.side)} plays ${d.kind.type}, ${d.bytes} bytes, sent by ${who(d.by)}; ${effect(d.effect)}`,
	"dispute.GameResolved": (d) => `game ${d.game}: VERDICT: ${outcome(d.outcome)}; ${side(d.winner)} wins after ${d.moves} moves, worth ${asy(d.challengerCost)} of the challenger and ${asy(d.solverCost)} of the solver`,
	"dispute.BondReturned": (d, who) => `game ${d.game}: bond of ${asy(d.amount)} back to ${who(d.challenger)}`,
	"dispute.BondSlashed": (d, who) => `game ${d.game}: bond of ${who(d.challenger)} lost, ${asy(d.paid)} to the solver, ${asy(d.burned)} burned`,
	"dispute.GameClosed": (d) => `game ${d.game} closed, its claim is gone`,
};
