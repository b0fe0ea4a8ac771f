//! What a task is, and where it stands.

use alloc::vec::Vec;

use assay_commitment::{ProgramCommitment, Root};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{HardwareClass, Work};

/// Number of a task; counted up from 0, never used twice.
pub type TaskId = u32;

/// How often the task was given to a solver before this time.
pub type Attempt = u8;

/// Most leaves of a list that a dispute can search: strides of a task, steps of a stride, tiles of a
/// value. A task beyond it could not be judged, so it is not admitted.
pub const MAX_SEARCHABLE: u32 = 1 << 20;

/// What the chain keeps of a step program: the program's bytes are in the block that posted the task.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct ProgramInfo {
	/// Root over the nodes, slots and header of the program.
	pub root: Root,
	/// Length of the encoded program, in bytes.
	pub len: u32,
	/// The operation set that gives the program its meaning.
	pub opset: u16,
	/// Nodes of the program, at least 1.
	pub nodes: u16,
	/// State slots of the program, at least 1.
	pub slots: u16,
	/// Records per step.
	pub batch: u32,
	/// Weighted floating-point operations of one step.
	pub flops: u64,
	/// Bytes that one step reads and writes.
	pub bytes: u64,
	/// Words of all values and slots of one step.
	pub words: u64,
}

impl ProgramInfo {
	/// What executing some steps takes, as [`assay_ops::effort`].
	pub fn effort(&self, steps: u32) -> u64 {
		assay_ops::effort(self.flops, self.bytes, steps)
	}

	/// What proofs about the program's nodes and slots are checked against.
	pub fn commitment(&self) -> ProgramCommitment {
		ProgramCommitment { root: self.root, nodes: self.nodes, slots: self.slots }
	}
}

/// Where nodes keep the encoded program of this root for their off-chain workers. Posting a task writes
/// it there, on nodes that index for off-chain use.
pub fn program_key(root: &Root) -> Vec<u8> {
	(b"assay/program/", root).encode()
}

/// How much checking a requester buys beyond its own eyes.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Assurance {
	/// Anyone may challenge during the challenge window; no auditor is assigned.
	#[default]
	#[codec(index = 0)]
	Challenge,
}

/// The commercial side of a task: price limit, deadlines, and who may bid.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Terms<Balance, BlockNumber> {
	/// Most that is paid for what is left to do: escrowed at posting, since then less what was paid for
	/// parts, and never more for a step than at first.
	pub reward: Balance,
	/// Blocks during which bids are taken.
	pub bidding: BlockNumber,
	/// Blocks from assignment to the latest claim.
	pub training: BlockNumber,
	/// Most blocks between two heartbeats.
	pub heartbeat: BlockNumber,
	/// Blocks after the claim during which a dispute may be opened.
	pub challenge: BlockNumber,
	/// Checking beyond the challenge window.
	pub assurance: Assurance,
	/// Class of machine that a bidder must be registered with; `None` admits every class.
	pub hardware: Option<HardwareClass>,
}

/// What posting fixed, less the parts that were done and paid since. Nothing about the result depends
/// on anything else.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct TaskSpec<Balance, BlockNumber> {
	/// Root, sizes and cost of the step program.
	pub program: ProgramInfo,
	/// Data, initial state, seed and length of the training.
	pub work: Work,
	/// Reward, deadlines and restrictions.
	pub terms: Terms<Balance, BlockNumber>,
}

/// Where a task stands.
///
/// ```mermaid
/// stateDiagram-v2
///     [*] --> Open: post_task
///     Open --> Assigned: assign
///     Open --> [*]: cancel_task, or expired without an eligible bid
///     Assigned --> Training: first heartbeat
///     Assigned --> Open: missed deadline
///     Training --> Open: missed deadline
///     Assigned --> Claimed: submit_claim
///     Training --> Claimed: submit_claim
///     Claimed --> Disputed: game opened
///     Disputed --> Claimed: last game closed
///     Claimed --> Open: withdraw_claim
///     Disputed --> Open: withdraw_claim before a trace
///     Disputed --> [*]: convicted
///     Claimed --> Final: finalise
///     Claimed --> Open: finalise of a part
///     Final --> [*]: remove_receipt
/// ```
///
/// Where an arrow leads back to `Open` after the last attempt, the task ends as failed instead.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum TaskPhase {
	/// Takes bids.
	#[codec(index = 0)]
	Open,
	/// Has a solver that gave no sign of life yet.
	#[codec(index = 1)]
	Assigned,
	/// Has a solver that sent at least one heartbeat.
	#[codec(index = 2)]
	Training,
	/// Has a claim and no open game.
	#[codec(index = 3)]
	Claimed,
	/// Has a claim and at least one open game.
	#[codec(index = 4)]
	Disputed,
	/// Paid; only the receipt is left.
	#[codec(index = 5)]
	Final,
}

/// What stays of a task that was finished and paid.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Receipt<AccountId, Balance, BlockNumber> {
	/// Who posted the task, holds the deposit of this row, and may remove it.
	pub requester: AccountId,
	/// Who did the work.
	pub solver: AccountId,
	/// Root of the program that ran.
	pub program_root: Root,
	/// Root of the list of states.
	pub claim_root: Root,
	/// The last state.
	pub final_state: Root,
	/// Root of the list of its tensor roots, one per slot.
	pub artifact_root: Root,
	/// What the solver got.
	pub paid: Balance,
	/// The block that finalised the task.
	pub block: BlockNumber,
	/// Deposit that the requester holds for this row.
	pub deposit: Balance,
}
