//! The referee in the built wasm as a backend of the conformance suite.

use assay_backend_cpu::{KernelError, Kernels, RecordSource};
use assay_conformance::program;
use assay_ops::{
	eval::{StepContext, Tile},
	NodeSpec,
};
use assay_runtime_apis::{RefereeError, TileQuestion, TileQuestions, MAX_QUESTIONS};
use codec::{DecodeAll, Encode};
use polkadot_sdk::sp_io::TestExternalities;

use crate::{common::block::Machine, shown::Shown};

/// An answer of the referee: the words of a tile.
type Answer = Result<Vec<u32>, RefereeError>;

/// The referee inside the wasm that a chain executes.
pub(crate) struct RefereeInWasm(Machine);

impl RefereeInWasm {
	pub(crate) fn new() -> Self {
		Self(Machine::new())
	}

	/// Asks several questions about a node in one call.
	pub(crate) fn ask(&self, shown: &Shown<'_>, questions: Vec<TileQuestion>) -> Vec<Answer> {
		let questions = TileQuestions::try_from(questions).expect("as many as one call takes");
		self.call(&(shown.step(), shown.node(), questions).encode())
	}

	/// The call with its encoded arguments.
	pub(crate) fn call(&self, arguments: &[u8]) -> Vec<Answer> {
		// The answer depends on nothing in the state.
		let mut nothing = TestExternalities::default();
		let answers = self.0.call(&mut nothing, "DisputeApi_recompute", arguments);
		Vec::decode_all(&mut &answers[..]).expect("one answer to each question")
	}

	/// Some tiles of a node, block by block.
	fn tiles(&self, shown: &Shown<'_>, blocks: u32, tiles: &[u32]) -> Result<Vec<Tile>, String> {
		let mut partials: Vec<Option<Tile>> = vec![None; tiles.len()];
		for block in 0..blocks {
			let asked = tiles.iter().zip(&partials);
			let asked = asked.map(|(tile, last)| shown.question(*tile, block, last.as_ref()));
			let questions = asked.collect::<Option<_>>().ok_or("a tile reads too much")?;
			for (partial, answer) in partials.iter_mut().zip(self.ask(shown, questions)) {
				let words = answer.map_err(|error| format!("refused: {error:?}"))?;
				*partial = Some(words.try_into().map_err(|_| "a tile has 1024 words")?);
			}
		}
		Ok(partials.into_iter().flatten().collect())
	}
}

impl Kernels for RefereeInWasm {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		let program = program(spec, ctx)
			.map_err(|error| KernelError::Device(format!("no program has it: {error:?}")))?;
		let data: Vec<u8> =
			(0..ctx.records).filter_map(|i| records.record(i)).flatten().copied().collect();
		// A data set is never empty, even where nothing reads it.
		let data: &[u8] = if data.is_empty() { &[0] } else { &data };
		let shown = Shown::new(&program, spec, ctx, operands, data).ok_or(KernelError::Shape)?;
		let all: Vec<u32> = (0..spec.ty.tiles() as u32).collect();
		for some in all.chunks(MAX_QUESTIONS as usize) {
			let tiles = self.tiles(&shown, spec.blocks(), some).map_err(KernelError::Device)?;
			for (tile, words) in some.iter().zip(tiles) {
				place(spec, *tile, words, out).ok_or(KernelError::Shape)?;
			}
		}
		Ok(())
	}
}

/// Copies a tile to its place. `None` where it holds anything beyond the matrix.
fn place(spec: &NodeSpec, tile: u32, mut words: Tile, out: &mut [u32]) -> Option<()> {
	for (index, row, col) in spec.ty.tile_area(tile)?.elements() {
		let at = row as usize * spec.ty.cols as usize + col as usize;
		*out.get_mut(at)? = std::mem::take(words.get_mut(index)?);
	}
	words.iter().all(|word| *word == 0).then_some(())
}
