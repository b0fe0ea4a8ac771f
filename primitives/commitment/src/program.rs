//! The program tree: what is computed in every step, fixed before training starts.
//!
//! Leaves, in order: one header, every node as its [`NodeSpec`], every slot. Each leaf is the keyed
//! hash of the encoding, with a key of its own per kind; a slot's leaf binds its index (a node's
//! encoding holds its id).

use alloc::vec::Vec;
use assay_ops::{CheckedProgram, NodeId, NodeSpec, Slot};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	domain::Domain,
	list::{self, List, ListTag, Path},
	Root,
};

/// What a program says beside its nodes and slots.
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
pub struct ProgramHeader {
	/// The operation set that gives the nodes their meaning.
	pub opset: u16,
	/// Records per step.
	pub batch: u32,
	/// Number of nodes.
	pub nodes: u16,
	/// Number of slots.
	pub slots: u16,
	/// The node whose output is the loss.
	pub loss: NodeId,
}

impl ProgramHeader {
	fn leaf(&self) -> Root {
		Domain::ProgramHeader.hash(&[&self.encode()])
	}
}

fn node_leaf(spec: &NodeSpec) -> Root {
	Domain::ProgramNode.hash(&[&spec.encode()])
}

fn slot_leaf(index: u16, slot: &Slot) -> Root {
	Domain::ProgramSlot.hash(&[&index.to_le_bytes(), &slot.encode()])
}

fn bind(nodes: u16, slots: u16, list: &Root) -> Root {
	Domain::Program.hash(&[&nodes.to_le_bytes(), &slots.to_le_bytes(), list])
}

/// A program as the chain keeps it: its root and the sizes that place its leaves.
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
pub struct ProgramCommitment {
	/// Hash of both sizes and the root of the list.
	pub root: Root,
	/// Number of nodes, which is the length of every trace.
	pub nodes: u16,
	/// Number of slots, which is the length of every state.
	pub slots: u16,
}

impl ProgramCommitment {
	/// Whether this is a node of the program.
	pub fn verify_node(&self, spec: &NodeSpec, path: &Path) -> bool {
		spec.id < self.nodes && self.verify(node_index(spec.id), &node_leaf(spec), path)
	}

	/// Whether this is slot `index` of the program.
	pub fn verify_slot(&self, index: u16, slot: &Slot, path: &Path) -> bool {
		index < self.slots && self.verify(self.slot_index(index), &slot_leaf(index, slot), path)
	}

	/// Whether this is the header of the program.
	pub fn verify_header(&self, header: &ProgramHeader, path: &Path) -> bool {
		self.verify(0, &header.leaf(), path)
	}

	fn verify(&self, index: u32, leaf: &Root, path: &Path) -> bool {
		let len = self.slot_index(self.slots);
		let list = list::root_from_path(ListTag::Program, len, index, leaf, path);
		list.is_some_and(|list| bind(self.nodes, self.slots, &list) == self.root)
	}

	fn slot_index(&self, index: u16) -> u32 {
		node_index(self.nodes).saturating_add(index.into())
	}
}

fn node_index(id: NodeId) -> u32 {
	u32::from(id).saturating_add(1)
}

/// Commitment to a program that passed its checks; `None` as [`ProgramTree::new`].
pub fn program_root(program: &CheckedProgram) -> Option<ProgramCommitment> {
	ProgramTree::new(program).map(|tree| tree.commitment())
}

/// The program tree in memory: what a prover needs.
#[derive(Clone, Debug)]
pub struct ProgramTree {
	header: ProgramHeader,
	commitment: ProgramCommitment,
	list: List,
}

impl ProgramTree {
	/// Builds the tree. `None` when the program has more nodes or slots than any program may have.
	pub fn new(program: &CheckedProgram) -> Option<Self> {
		let header = ProgramHeader {
			opset: program.opset,
			batch: program.batch,
			nodes: u16::try_from(program.specs.len()).ok()?,
			slots: u16::try_from(program.slots.len()).ok()?,
			loss: program.loss,
		};
		let slots = (0..).zip(program.slots.iter()).map(|(index, slot)| slot_leaf(index, slot));
		let nodes = program.specs.iter().map(node_leaf);
		let leaves = core::iter::once(header.leaf()).chain(nodes).chain(slots);
		let list = List::new(ListTag::Program, leaves.collect::<Vec<_>>())?;
		let ProgramHeader { nodes, slots, .. } = header;
		let root = bind(nodes, slots, &list.root());
		let commitment = ProgramCommitment { root, nodes, slots };
		Some(Self { header, commitment, list })
	}

	/// What the chain keeps.
	pub fn commitment(&self) -> ProgramCommitment {
		self.commitment
	}

	/// The header and its proof.
	pub fn prove_header(&self) -> Option<(ProgramHeader, Path)> {
		Some((self.header, self.list.prove(0)?))
	}

	/// Proof of a node; `None` when there is no such node.
	pub fn prove_node(&self, id: NodeId) -> Option<Path> {
		(id < self.commitment.nodes).then(|| self.list.prove(node_index(id))).flatten()
	}

	/// Proof of a slot; `None` when there is no such slot.
	pub fn prove_slot(&self, index: u16) -> Option<Path> {
		let inside = index < self.commitment.slots;
		inside.then(|| self.list.prove(self.commitment.slot_index(index))).flatten()
	}
}
