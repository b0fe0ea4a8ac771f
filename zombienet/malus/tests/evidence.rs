//! Evidence of every kind, made by worker processes and judged by the rules of the chain.

mod common;

use std::collections::BTreeMap;

use assay_blobs::ListTag;
use assay_case::Brief;
use assay_commitment::state_root;
use assay_dispute_game::{Effect, Fault, Game, Move, MoveKind, Outcome, Phase};
use assay_host_functions::{Checked, Trained};
use assay_ops::{NodeSpec, Op};
use common::{
	brief, dispute, dispute_without_evidence, note, program, quantised, Net, Node, BERT, GPT,
	LENET, MLP, RESNET,
};

/// One node for each kind of operation that has a verdict about a tile, before and after the loss.
fn one_of_each(specs: &[NodeSpec], loss: u16) -> Vec<u16> {
	let mut kinds = BTreeMap::new();
	for spec in specs.iter().filter(|spec| !matches!(spec.op, Op::State { .. })) {
		let name = format!("{:?}", spec.op);
		let kind = name.split(['{', ' ']).next().unwrap_or_default().to_owned();
		kinds.entry((kind, spec.id > loss, spec.blocks() > 1)).or_insert(spec.id);
	}
	kinds.into_values().collect()
}

/// Disputes claims in which one node of each kind was computed wrongly; says how many were wrong.
fn convict_each(text: &str, lie: &str) -> usize {
	let net = Net::new();
	let context = net.task(text, 4, 2);
	let checked = program(&context);
	let honest = net.node("--lie honest");
	let mut convicted = 0;
	for node in one_of_each(&checked.specs, checked.loss) {
		let liar = net.node(&format!("--lie {lie} --step 3 --node {node}"));
		let claim = liar.train(&context);
		// What does not reach the state (the loss as a number) is no lie about training.
		if honest.check(&context, &claim) == Checked::Agrees {
			continue;
		}
		let record = dispute(&context, &claim, &liar, &honest).expect("the challenger opens");
		let spec = &checked.specs[usize::from(node)];
		// Who has computed a long reduction wrongly has no partials that end in its tile.
		let fault = if spec.blocks() > 1 { Fault::Silence } else { Fault::Tile };
		assert_eq!(record.outcome, Outcome::Convicted(fault), "{spec:?}");
		// Open, steps and step, trace and tile: however large the tensor is.
		let moves = record.moves.len();
		assert!(lie != "forward" || moves <= 5, "{:?} for {spec:?}", record.moves);
		assert!(record.largest < 170_000, "{} bytes for {spec:?}", record.largest);
		convicted += 1;
	}
	convicted
}

#[test]
fn every_operation_should_be_judged_when_lists_are_published() {
	assert!(convict_each(LENET, "forward") >= 14);
}

#[test]
fn every_operation_should_be_judged_when_lists_are_withheld() {
	assert!(convict_each(LENET, "withhold") >= 14);
}

#[test]
fn every_operation_of_a_gpt_should_be_judged_when_lists_are_published() {
	assert!(convict_each(GPT, "forward") >= 30);
}

#[test]
fn every_operation_of_an_encoder_should_be_judged_when_lists_are_published() {
	assert!(convict_each(BERT, "forward") >= 30);
}

#[test]
fn every_operation_of_a_resnet_should_be_judged_when_lists_are_published() {
	assert!(convict_each(RESNET, "forward") >= 14);
}

#[test]
fn every_operation_should_be_judged_when_products_are_of_integers() {
	assert!(convict_each(&quantised(LENET), "forward") >= 14);
}

/// An honest claim and whoever accuses it.
fn accused(
	net: &Net,
	text: &str,
	args: &str,
) -> (assay_host_functions::TaskContext, Trained, [Node; 2]) {
	let context = net.task(text, 4, 2);
	let nodes = [net.node("--lie honest"), net.node(&format!("--lie accuse {args}"))];
	let claim = nodes[0].train(&context);
	(context, claim, nodes)
}

#[test]
fn defender_should_open_the_tile_when_the_challenger_brings_no_evidence() {
	let net = Net::new();
	let (context, claim, [honest, accuser]) = accused(&net, MLP, "--step 1");
	let record = dispute_without_evidence(&context, &claim, &honest, &accuser).expect("a game");
	assert_eq!(record.outcome, Outcome::Acquitted);
	assert_eq!(record.moves[4..], [MoveKind::PickTile, MoveKind::OpenTile]);
}

#[test]
fn defender_should_post_partials_and_open_the_block_when_a_long_reduction_is_accused() {
	let net = Net::new();
	let checked = program(&net.task(LENET, 4, 2));
	let long = checked.specs.iter().filter(|spec| spec.blocks() > 1);
	let node = long.min_by_key(|spec| spec.ty.tiles()).unwrap().id;
	let args = format!("--step 2 --node {node}");
	let (context, claim, [honest, accuser]) = accused(&net, LENET, &args);
	let record = dispute(&context, &claim, &honest, &accuser).expect("a game");
	assert_eq!(record.outcome, Outcome::Acquitted);
	assert_eq!(record.moves.last(), Some(&MoveKind::PickBlock));
	let record = dispute_without_evidence(&context, &claim, &honest, &accuser).expect("a game");
	assert_eq!(record.outcome, Outcome::Acquitted);
	let end = [MoveKind::PostPartials, MoveKind::PickBlock, MoveKind::OpenTile];
	assert_eq!(record.moves[record.moves.len() - 3..], end);
}

/// Makes a move in the game of the brief.
fn make(brief: &mut Brief, play: &assay_case::CaseMove) -> Effect {
	let phase = brief.game.as_ref().map(|game| game.phase().clone());
	note(&mut brief.transcript, phase, play);
	let made = match brief.game.take() {
		None => Game::open(brief.params, play, 1, &brief.case),
		Some(game) => {
			let position = game.position();
			game.apply(brief.side, position, play, 1, &brief.case)
		},
	}
	.unwrap();
	if let Effect::Turn { side, .. } = made.effect {
		brief.side = side;
	}
	brief.game = Some(made.game);
	made.effect
}

#[test]
fn join_fault_should_be_played_when_the_state_does_not_follow_from_the_trace() {
	let net = Net::new();
	let context = net.task(MLP, 4, 1);
	// Lies about the last step only, so its trace of the first is right.
	let (liar, honest) = (net.node("--lie steps --step 3"), net.node("--lie honest"));
	let first = honest.train(&net.task(MLP, 1, 1));
	let mut slots = net.store.read_list(ListTag::Slots, &first.artifact_root).unwrap();
	slots[2][0] ^= 1;
	let invented = state_root(1, &slots);
	let claim = [context.init_root, invented, [2; 32], [3; 32], [4; 32]];
	let claim = *net.store.put_list(ListTag::States, &claim).unwrap().root();
	let mut brief = brief(&context, claim);
	for (node, kind) in
		[(&honest, MoveKind::Open), (&liar, MoveKind::PostTrace), (&honest, MoveKind::AskSlots)]
	{
		let play = node.play(&context, &brief).unwrap();
		assert_eq!(play.kind(), kind);
		make(&mut brief, &play);
	}
	assert!(matches!(brief.game.as_ref().unwrap().phase(), Phase::Bisect { .. }));
	make(&mut brief, &Move::Bisect { children: slots.try_into().unwrap() });
	let pick = honest.play(&context, &brief).unwrap();
	assert_eq!(pick, Move::Pick { child: 2 });
	make(&mut brief, &pick);
	let fault = honest.play(&context, &brief).unwrap();
	assert_eq!(fault.kind(), MoveKind::JoinFault);
	assert_eq!(make(&mut brief, &fault), Effect::Ended(Outcome::Convicted(Fault::Join)));
}
