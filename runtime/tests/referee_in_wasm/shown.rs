//! A node with values, as the referee is shown it: openings, made natively.

use std::borrow::Cow;

use assay_case::{BlockProof, NodeProof, TileProof};
use assay_commitment::{list::List, DataTree, ListTag, ProgramTree, Root, TensorTree};
use assay_ops::{
	eval::{StepContext, Tile},
	CheckedProgram, NodeId, NodeSpec, ValueType, TILE_WORDS,
};
use assay_referee::{
	prove::{partial_hashes, Prover, Values},
	BlockEvidence,
};
use assay_runtime_apis::{StepView, TileQuestion};

/// Operands and data set, with their trees.
struct Whole<'a> {
	operands: &'a [&'a [u32]],
	trees: Vec<TensorTree>,
	data: &'a [u8],
	data_tree: DataTree,
}

impl Values for Whole<'_> {
	fn output(&self, id: NodeId) -> Option<&[u32]> {
		self.operands.get(usize::from(id)).copied()
	}

	fn data(&self) -> Option<&[u8]> {
		Some(self.data)
	}

	fn tree(&self, id: NodeId, _: &ValueType) -> Option<Cow<'_, TensorTree>> {
		self.trees.get(usize::from(id)).map(Cow::Borrowed)
	}

	fn data_tree(&self) -> Option<Cow<'_, DataTree>> {
		Some(Cow::Borrowed(&self.data_tree))
	}
}

/// A node of a program whose operands are nodes 0, 1, …, and whose output is claimed to be all zeros.
pub(crate) struct Shown<'a> {
	spec: &'a NodeSpec,
	context: &'a StepContext,
	values: Whole<'a>,
	claimed: TensorTree,
	trace: List,
	program: ProgramTree,
}

impl<'a> Shown<'a> {
	/// `None` where the operands do not have the words of their types, or there is no data set.
	pub(crate) fn new(
		program: &CheckedProgram,
		spec: &'a NodeSpec,
		context: &'a StepContext,
		operands: &'a [&'a [u32]],
		data: &'a [u8],
	) -> Option<Self> {
		let trees = spec.inputs.iter().zip(operands);
		let trees = trees.map(|(operand, words)| TensorTree::from_words(operand.ty, words));
		let trees: Vec<TensorTree> = trees.collect::<Option<_>>()?;
		let claimed = TensorTree::from_words(spec.ty, &vec![0; spec.ty.words() as usize])?;
		let mut roots = vec![Root::default(); program.specs.len()];
		for (root, tree) in roots.iter_mut().zip(&trees) {
			*root = tree.root();
		}
		*roots.get_mut(usize::from(spec.id))? = claimed.root();
		Some(Self {
			spec,
			context,
			values: Whole { operands, trees, data, data_tree: DataTree::new(data)? },
			claimed,
			trace: List::new(ListTag::Trace, roots)?,
			program: ProgramTree::new(program)?,
		})
	}

	fn prover(&self) -> Prover<'_, Whole<'a>> {
		Prover { context: self.context, trace: &self.trace, values: &self.values }
	}

	/// The step.
	pub(crate) fn step(&self) -> StepView {
		let StepContext { seed, step, batch, records, record_size } = *self.context;
		let data = self.values.data_tree.root();
		let (program, trace) = (self.program.commitment(), self.trace.root());
		StepView { referee: 1, program, trace, data, records, record_size, batch, seed, step }
	}

	/// The node.
	pub(crate) fn node(&self) -> NodeProof {
		let path = self.program.prove_node(self.spec.id).expect("the program has the node");
		NodeProof { spec: self.spec.clone(), path }
	}

	/// Asks for a block of a tile. `None` where an opening has no room for all that it reads.
	pub(crate) fn question(
		&self,
		tile: u32,
		block: u32,
		previous: Option<&Tile>,
	) -> Option<TileQuestion> {
		let evidence = self.prover().block(self.spec, tile, block, previous)?;
		Some(TileQuestion { tile, block, evidence })
	}

	/// What the last move of a game about the tile brings, where the partials are claimed to be zeros.
	pub(crate) fn proof(&self, question: &TileQuestion) -> Option<TileProof> {
		let (spec, node) = (self.spec, self.node());
		let BlockEvidence { inputs, .. } = question.evidence.clone();
		if spec.blocks() == 1 {
			let output = self.prover().output(spec.id, &self.claimed, question.tile)?;
			return Some(TileProof::Tile {
				node,
				evidence: assay_referee::Evidence { inputs, output },
			});
		}
		let zeros = vec![[0; TILE_WORDS]; spec.blocks() as usize];
		let partials = partial_hashes(spec, question.tile, &zeros)?;
		let evidence = question.evidence.clone();
		let block = BlockProof::new(&partials, question.block, evidence)?;
		Some(TileProof::Block { node, block })
	}
}
