//! Kernels in the form that is executed.

use super::instruction::Compute;

/// Index of a register.
pub(super) type Register = u32;

/// One instruction. Immediate operands are registers that are never written.
pub(super) enum Action {
	Compute {
		to: Register,
		from: [Register; 4],
		compute: Compute,
	},
	LoadParameter {
		to: Register,
		offset: usize,
		wide: bool,
	},
	LoadGlobal {
		to: Vec<Register>,
		at: Register,
		offset: i64,
	},
	StoreGlobal {
		at: Register,
		offset: i64,
		from: Vec<Register>,
	},
	LoadShared {
		to: Vec<Register>,
		at: Register,
		offset: i64,
	},
	StoreShared {
		at: Register,
		offset: i64,
		from: Vec<Register>,
	},
	/// Begins to copy 16 bytes from global to shared memory.
	Copy {
		to: (Register, i64),
		from: (Register, i64),
	},
	/// Makes a group of the copies begun since the last one.
	CopyGroup,
	/// Waits for all groups but the last so many.
	CopyWait {
		groups: usize,
	},
	Branch {
		target: usize,
	},
	/// Waits for the whole block.
	Barrier,
	/// Waits for the whole block; gives whether any thread had a true predicate.
	BarrierOr {
		to: Register,
		from: Register,
	},
	/// Waits for the warp; gives the word of the lane that is so much further, or the lane's own.
	ShuffleDown {
		to: Register,
		from: Register,
		distance: Register,
		bound: Register,
		mask: Register,
	},
	/// Waits for the warp; gives the greatest of its words.
	MaxOfWarp {
		to: Register,
		from: Register,
		mask: Register,
	},
	/// Waits for the warp; gives whether all threads have a true predicate.
	AllOfWarp {
		to: Register,
		from: Register,
		mask: Register,
	},
	/// Waits for the warp; a product of two matrices that is added to a third, see [`super::tensor`].
	Multiply {
		to: [Register; 4],
		a: [Register; 4],
		b: [Register; 2],
		c: [Register; 4],
	},
	/// Makes what the thread wrote to shared memory known to products of a group of warps.
	ProxyFence,
	/// Waits for the group of four warps; from now on sums may be given to a product, see [`super::group`].
	GroupFence,
	/// Waits for the group of four warps, and begins a product that is added to sums.
	GroupMultiply {
		sums: Vec<Register>,
		a: Register,
		b: Register,
		add: Register,
	},
	/// Makes a group of the products begun since the last one.
	GroupCommit,
	/// Waits until all groups of products are done.
	GroupWait,
	Return,
}

pub(super) struct Instruction {
	/// Executed only where this register is 1 (or 0, if negated).
	pub(super) guard: Option<(Register, bool)>,
	pub(super) action: Action,
}

/// Registers that tell a thread where it is, the first ones of each kernel.
pub(super) const SPECIAL: [&str; 4] = ["%tid.x", "%ctaid.x", "%ntid.x", "%nctaid.x"];

/// A kernel.
#[derive(Default)]
pub(super) struct Kernel {
	pub(super) instructions: Vec<Instruction>,
	/// Initial content of the registers: immediates, else zero.
	pub(super) registers: Vec<u64>,
	/// Bytes of the parameters.
	pub(super) parameters: usize,
	/// Where each of them begins, and its bytes.
	pub(super) each: Vec<(usize, usize)>,
	/// Bytes of shared memory.
	pub(super) shared: usize,
	/// Most threads of a block, if the kernel says so.
	pub(super) max_threads: Option<u32>,
}
