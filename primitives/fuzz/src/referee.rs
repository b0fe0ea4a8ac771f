//! One node, judged: honest evidence gets the true verdict, forged evidence the true one or none.

mod run;

use assay_commitment::{list::List, ListTag, TensorTree};
use assay_ops::{eval, NodeSpec};
use assay_referee::{
	judge_block, judge_partials_join, judge_tile, prove::partial_hashes, prove::Prover, Around,
	BlockEvidence, Evidence, OutputOpening, Partials, ProvenNode, RefereeError, Step, Verdict,
};
use codec::{Decode, Encode};

use crate::Source;
use run::Run;

/// Bytes of evidence that a move can carry.
const MOST_BYTES: usize = 160 << 10;

/// Executes a node and judges a tile of it.
pub fn check(bytes: &[u8]) {
	let mut source = Source::new(bytes);
	if source.below(4) == 0 {
		return run::hostile(&mut source);
	}
	let Some(run) = Run::new(&mut source) else { return };
	let tile = source.below(run.spec().ty.tiles() as u32);
	let wrong = source.flag();
	let claim = Claim::new(&run, wrong.then(|| source.word()), tile);
	if run.spec().blocks() > 1 {
		split(&mut source, &run, &claim, tile);
	} else {
		whole(&mut source, &run, &claim, tile);
	}
}

/// What a solver says that the node gives: the truth, or one word of a tile is another.
struct Claim {
	tree: TensorTree,
	trace: List,
	step: Step,
	/// Whether the claimed tile is the true one.
	truth: Verdict,
}

impl Claim {
	fn new(run: &Run, flip: Option<u32>, tile: u32) -> Self {
		let spec = run.spec();
		let mut words = run.outputs[usize::from(spec.id)].clone();
		let mut truth = Verdict::Correct;
		if let Some(flip) = flip {
			let area = spec.ty.tile_area(tile).expect("there is such a tile");
			let row = area.row + flip % area.rows;
			let col = area.col + (flip >> 8) % area.cols;
			words[(row * spec.ty.cols + col) as usize] ^= 1 << (flip >> 27);
			truth = Verdict::Wrong;
		}
		let tree = TensorTree::from_words(spec.ty, &words).expect("as many words as the type has");
		let mut roots = run.trace.tree().values().to_vec();
		roots[usize::from(spec.id)] = tree.root();
		let trace = List::new(ListTag::Trace, roots).expect("a short list");
		let step = Step { trace: trace.root(), ..run.step };
		Self { tree, trace, step, truth }
	}
}

fn proven<'a>(run: &Run, spec: &'a NodeSpec) -> ProvenNode<'a> {
	let path = run.tree.prove_node(spec.id).expect("a node of the program");
	ProvenNode::verify(&run.step.program, spec, &path).expect("an honest proof")
}

/// A tile whose reduction is not split.
fn whole(source: &mut Source, run: &Run, claim: &Claim, tile: u32) {
	let spec = run.spec();
	let values = run.values();
	let prover = Prover { context: &claim.step.context, trace: &claim.trace, values: &values };
	let evidence = prover.tile(spec, &claim.tree, tile).expect("every tile can be shown");
	cheap(spec, &evidence.inputs, evidence.encoded_size());
	let node = proven(run, spec);
	assert_eq!(judge_tile(&claim.step, node, tile, &evidence), Ok(claim.truth), "{spec:?}");
	let none = Around { before: None, after: &claim.tree.root() };
	assert!(judge_block(&claim.step, node, tile, 0, none, &block_of(&evidence)).is_err());
	let forged = forged(source, run, claim, &evidence);
	if let Some(forged) = forged {
		settled(judge_tile(&claim.step, node, tile, &forged), claim.truth, forged == evidence);
		let elsewhere = source.below(spec.ty.tiles() as u32 + 1);
		if elsewhere != tile {
			// Another tile is what it truly is.
			settled(judge_tile(&claim.step, node, elsewhere, &forged), Verdict::Correct, false);
		}
	}
}

fn forged(source: &mut Source, run: &Run, claim: &Claim, honest: &Evidence) -> Option<Evidence> {
	if source.flag() {
		let inputs = run.reopened(source, &claim.trace, &honest.inputs)?;
		return Some(Evidence { inputs, output: honest.output.clone() });
	}
	let pool = [claim.tree.root(), honest.output.tile.leaf, run.step.data];
	Decode::decode(&mut &source.edited(honest.encode(), &pool)[..]).ok()
}

fn block_of(evidence: &Evidence) -> BlockEvidence {
	BlockEvidence { inputs: evidence.inputs.clone(), previous: None }
}

/// Honest evidence gets the true verdict; any other gets none, for there is one evidence per statement.
fn settled(found: Result<Verdict, RefereeError>, truth: Verdict, honest: bool) {
	match found {
		Ok(verdict) => {
			assert_eq!(verdict, truth, "evidence bought a verdict");
			assert!(honest, "forged evidence got a verdict");
		},
		Err(error) => assert!(!honest, "honest evidence is refused: {error:?}"),
	}
}

/// Evidence opens no more than the node declares, and fits a move.
fn cheap(spec: &NodeSpec, inputs: &assay_referee::Inputs, bytes: usize) {
	let tiles: usize =
		inputs.operands.iter().flatten().map(|opening| opening.tiles.tiles.len()).sum();
	let chunks = inputs.records.as_ref().map_or(0, |records| records.chunks.len());
	let opened = tiles + chunks.div_ceil(2);
	assert!(opened <= spec.worst_footprint() as usize, "{opened} tiles opened of {spec:?}");
	assert!(bytes <= MOST_BYTES, "{bytes} bytes of evidence about {spec:?}");
}

/// A tile whose reduction is split: the partials join it, and each block leads to the next.
fn split(source: &mut Source, run: &Run, claim: &Claim, tile: u32) {
	let spec = run.spec();
	let values = run.values();
	let prover = Prover { context: &claim.step.context, trace: &claim.trace, values: &values };
	let mut partials = prover.partials(spec, tile).expect("every block can be computed");
	let folded = partials.last().copied().expect("at least two blocks");
	assert_eq!(Ok(folded), eval::tile(spec, &run.step.context, &run.operands(), tile));
	// The partials of a liar: from some block on they are others.
	let lie = source.below(2 * spec.blocks());
	for partial in partials.iter_mut().skip(lie as usize) {
		partial[0] ^= 1;
	}
	let posted = partial_hashes(spec, tile, &partials).expect("not more than a game has");
	let node = proven(run, spec);
	let output = prover.output(spec.id, &claim.tree, tile).expect("there is such a tile");
	joined(source, run, claim, (tile, &posted, &output), lie < spec.blocks());
	let block = source.below(spec.blocks());
	let previous = block.checked_sub(1).map(|before| &partials[before as usize]);
	let evidence = prover.block(spec, tile, block, previous).expect("every block can be shown");
	cheap(spec, &evidence.inputs, evidence.encoded_size());
	let around = Around::of(&posted, block).expect("there is such a block");
	let judge =
		|evidence: &BlockEvidence| judge_block(&claim.step, node, tile, block, around, evidence);
	let truth = judge(&evidence).expect("honest evidence");
	// Where the lie begins the block is wrong. A word that is changed before may be lost in rounding.
	assert!(block != lie || truth == Verdict::Wrong, "a wrong block passed: {spec:?}");
	assert!(block >= lie || truth == Verdict::Correct, "a right block failed: {spec:?}");
	let forged = match source.flag() {
		true => run
			.reopened(source, &claim.trace, &evidence.inputs)
			.map(|inputs| BlockEvidence { inputs, previous: evidence.previous.clone() }),
		false => Decode::decode(&mut &source.edited(evidence.encode(), &posted)[..]).ok(),
	};
	if let Some(forged) = forged {
		settled(judge(&forged), truth, forged == evidence);
	}
	assert!(judge_block(&claim.step, node, tile, spec.blocks(), around, &evidence).is_err());
}

fn joined(
	source: &mut Source,
	run: &Run,
	claim: &Claim,
	(tile, posted, output): (u32, &Partials, &OutputOpening),
	lied: bool,
) {
	let node = proven(run, run.spec());
	let found = judge_partials_join(&claim.step, node, tile, posted, output);
	if !lied {
		assert_eq!(found, Ok(claim.truth), "the true partials");
	}
	let honest = (posted.clone(), output.clone());
	let forged = source.edited(honest.encode(), posted);
	let Ok((partials, output)) = <(Partials, OutputOpening)>::decode(&mut &forged[..]) else {
		return;
	};
	let forged = judge_partials_join(&claim.step, node, tile, &partials, &output);
	if partials.last() == posted.last() {
		assert!(forged.is_err() || forged == found, "{forged:?} instead of {found:?}");
	}
}
