//! Whole disputes between worker processes, under the rules of the chain.

mod common;

use assay_blobs::{list_key, ListTag};
use assay_case::{Brief, CaseMove};
use assay_dispute_game::{Fault, Game, MoveKind, Outcome};
use assay_host_functions::Checked;
use common::{brief, dispute, program, Net, Record, LENET, MLP};

const TILE: Outcome = Outcome::Convicted(Fault::Tile);

/// The way down when everything is published.
const SHORT: [MoveKind; 5] = [
	MoveKind::Open,
	MoveKind::PostSteps,
	MoveKind::PickStep,
	MoveKind::PostTrace,
	MoveKind::PickTile,
];

/// Trains with a liar and disputes its claim.
fn convict(text: &str, steps: u32, stride: u32, lie: &str) -> Record {
	let net = Net::new();
	let context = net.task(text, steps, stride);
	let (liar, honest) = (net.node(lie), net.node("--lie honest"));
	let claim = liar.train(&context);
	let checked = honest.check(&context, &claim);
	assert!(matches!(checked, Checked::Differs { .. } | Checked::ListWithheld), "{checked:?}");
	dispute(&context, &claim, &liar, &honest).expect("the challenger opens")
}

#[test]
fn forward_should_be_convicted_when_disputed() {
	let record = convict(MLP, 12, 4, "--lie forward");
	assert_eq!((record.outcome, &record.moves[..]), (TILE, &SHORT[..]));
}

#[test]
fn backward_should_be_convicted_when_disputed() {
	let record = convict(MLP, 12, 4, "--lie backward");
	assert_eq!((record.outcome, &record.moves[..]), (TILE, &SHORT[..]));
}

#[test]
fn optimiser_should_be_convicted_when_disputed() {
	let record = convict(MLP, 12, 4, "--lie optimiser");
	assert_eq!((record.outcome, &record.moves[..]), (TILE, &SHORT[..]));
}

#[test]
fn game_should_take_three_moves_when_every_state_is_committed() {
	let record = convict(MLP, 6, 1, "--lie forward --step 0");
	assert_eq!(record.outcome, TILE);
	assert_eq!(record.moves, [MoveKind::Open, MoveKind::PostTrace, MoveKind::PickTile]);
}

#[test]
fn tile_should_be_named_at_once_when_the_wrong_tensor_has_several() {
	let record = convict(MLP, 9, 3, &format!("--lie forward --node {}", large_node()));
	assert_eq!(record.outcome, TILE);
	assert_eq!(record.moves, SHORT);
}

#[test]
fn tiles_should_be_asked_for_when_their_hashes_are_withheld() {
	let record = convict(MLP, 9, 3, &format!("--lie withhold --node {}", large_node()));
	assert_eq!(record.outcome, TILE);
	let rest = [MoveKind::AskTiles, MoveKind::Bisect, MoveKind::Pick, MoveKind::PickTile];
	assert!(record.moves.ends_with(&rest), "{:?}", record.moves);
}

/// A node of the backward pass whose output has several tiles.
fn large_node() -> u16 {
	let program = program(&Net::new().task(MLP, 1, 1));
	let after_loss = program.specs.iter().filter(|spec| spec.id > program.loss);
	after_loss.filter(|spec| spec.ty.tiles() > 1).map(|spec| spec.id).next().unwrap()
}

#[test]
fn every_level_should_be_searched_when_the_liar_withholds() {
	let record = convict(MLP, 12, 4, "--lie withhold");
	assert_eq!(record.outcome, TILE);
	let asked = record.moves.iter().filter(|kind| **kind == MoveKind::Ask).count();
	assert_eq!(asked, 3);
	assert!(record.moves.len() <= 16, "{:?}", record.moves);
}

#[test]
fn steps_should_be_convicted_when_a_state_in_the_stride_is_invented() {
	let record = convict(MLP, 12, 4, "--lie steps --step 6");
	// The trace is right and does not lead to the invented state, whose slots nobody knows.
	assert_eq!(record.outcome, Outcome::Convicted(Fault::Silence));
	assert_eq!(record.moves.last(), Some(&MoveKind::AskSlots));
	assert!(record.moves.len() <= 6, "{:?}", record.moves);
}

#[test]
fn trace_should_be_convicted_when_it_does_not_join_the_state() {
	let record = convict(MLP, 12, 4, "--lie trace");
	assert_eq!(record.outcome, Outcome::Convicted(Fault::Join));
	assert_eq!(record.moves.last(), Some(&MoveKind::JoinFault));
	assert_eq!(record.moves.len(), 5);
}

#[test]
fn partials_should_be_convicted_when_a_reduction_is_split() {
	let record = convict(LENET, 4, 2, "--lie partials");
	assert_eq!(record.outcome, TILE);
	assert_eq!(record.moves[..5], SHORT);
	assert_eq!(record.moves[5..], [MoveKind::PostPartials, MoveKind::PickBlock]);
	assert!(record.largest < 160 << 10, "{}", record.largest);
}

#[test]
fn accuse_should_be_acquitted_when_the_claim_is_right() {
	let net = Net::new();
	let context = net.task(MLP, 12, 4);
	let (honest, accuser) = (net.node("--lie honest"), net.node("--lie accuse --step 5"));
	let claim = honest.train(&context);
	let checked = accuser.check(&context, &claim);
	assert_eq!(checked, Checked::Differs { first_state: 2 });
	let record = dispute(&context, &claim, &honest, &accuser).expect("the accuser opens");
	assert_eq!((record.outcome, &record.moves[..]), (Outcome::Acquitted, &SHORT[..]));
}

#[test]
fn honest_challenger_should_open_nothing_when_the_claim_is_right() {
	let net = Net::new();
	let context = net.task(MLP, 6, 2);
	let (solver, other) = (net.node("--lie honest"), net.node("--lie honest"));
	let claim = solver.train(&context);
	assert_eq!(other.check(&context, &claim), Checked::Agrees);
	assert!(dispute(&context, &claim, &solver, &other).is_none());
}

/// Opens a game about a claim with one heartbeat, which must end it at once.
fn show_prefix_fault(
	brief: &mut Brief,
	heartbeat: (u32, [u8; 32]),
	play: impl Fn(&Brief) -> CaseMove,
) {
	brief.case.heartbeats.try_push(heartbeat).unwrap();
	let play = play(brief);
	assert_eq!(play.kind(), MoveKind::PrefixFault);
	let made = Game::open(brief.params, &play, 1, &brief.case).unwrap();
	assert_eq!(made.game.outcome(), Some(Outcome::Convicted(Fault::Prefix)));
}

#[test]
fn prefix_fault_should_be_played_when_a_heartbeat_is_of_another_training() {
	let net = Net::new();
	let context = net.task(MLP, 8, 2);
	let (liar, honest) = (net.node("--lie forward --step 0"), net.node("--lie honest"));
	let claim = liar.train(&context);
	let own = honest.train(&context);
	let mut states = net.store.read_list(ListTag::States, &own.claim_root).unwrap();
	// The heartbeat was honest: the challenger knows its list without being told.
	let heartbeat = *list_key(ListTag::States, &states[..3]).root();
	let play = |brief: &Brief| honest.play(&context, brief).unwrap();
	show_prefix_fault(&mut brief(&context, claim.claim_root), (3, heartbeat), play);
	// It was of a third training, whose list was published.
	states[1] = [9; 32];
	let heartbeat = *net.store.put_list(ListTag::States, &states[..2]).unwrap().root();
	show_prefix_fault(&mut brief(&context, claim.claim_root), (2, heartbeat), play);
}

#[test]
fn prefix_fault_should_be_played_when_the_claim_begins_with_another_state() {
	let net = Net::new();
	let context = net.task(MLP, 8, 2);
	let honest = net.node("--lie honest");
	let own = honest.train(&context);
	let mut states = net.store.read_list(ListTag::States, &own.claim_root).unwrap();
	let heartbeat = *list_key(ListTag::States, &states[..1]).root();
	states[0] = [9; 32];
	let claim = *net.store.put_list(ListTag::States, &states).unwrap().root();
	let play = |brief: &Brief| honest.play(&context, brief).unwrap();
	show_prefix_fault(&mut brief(&context, claim), (1, heartbeat), play);
}

#[test]
fn honest_defender_should_withdraw_when_it_cannot_reproduce_its_claim() {
	let net = Net::new();
	let context = net.task(MLP, 12, 4);
	let (broken, repaired) = (net.node("--lie forward"), net.node("--lie honest"));
	let claim = broken.train(&context);
	let challenger = net.node("--lie honest");
	let record = dispute(&context, &claim, &repaired, &challenger).expect("a game");
	assert_eq!(record.outcome, Outcome::Conceded);
	assert_eq!(record.moves, [MoveKind::Open, MoveKind::Concede]);
}
