//! Games that are open while the chain upgrades: they end under the rules that they were opened under.
//!
//! Two chains get the same transactions, block by block, except that the first upgrades its runtime halfway
//! and the second does not. On both the games stand in every phase, and in searches of every depth, when
//! the upgrade comes. They must end alike, to the last unit of anybody's money; and alike means something,
//! for many of them are about a tile of which the two versions of the referee think differently.

mod chain;
mod hall;
mod line;

use std::collections::BTreeSet;

use assay_case::testing::{mlp, Execution};
use assay_dispute_game::{Fault, Outcome};
use assay_primitives::TaskId;
use assay_runtime::{ComputeStaking, Dispute, Runtime, RuntimeCall, TaskMarket};
use assay_upgrade::{after, before};
use codec::Encode;
use pallet_dispute::{Disputes, GameId};
use pallet_task_market::{Error, Tasks};
use polkadot_sdk::{
	frame_support::{assert_ok, traits::StorageVersion, weights::Weight},
	frame_system, pallet_sudo, sp_io,
	sp_keyring::Sr25519Keyring,
};

use chain::Chain;
use hall::{Seat, View};
use line::{Line, Place};

/// Holds the key with root's power.
const ROOT: Sr25519Keyring = Sr25519Keyring::Alice;
/// Least number of places at which games stand when the upgrade comes.
const PLACES: usize = 50;
/// Bytes of a stored game before the field that the migration adds: task, attempt and two accounts.
const BEFORE_THE_FIELD: usize = 4 + 1 + 32 + 32;

const CONVICTED: Outcome = Outcome::Convicted(Fault::Tile);

/// A call that only root may make.
fn as_root(call: frame_system::Call<Runtime>) -> (Sr25519Keyring, RuntimeCall) {
	let call = Box::new(call.into());
	let order = pallet_sudo::Call::sudo_unchecked_weight { call, weight: Weight::zero() };
	(ROOT, order.into())
}

/// One game for each place that the lines come through: its line, and the moves that lead there.
fn one_for_each_place(lines: &[Line]) -> Vec<(usize, usize)> {
	let mut seen = BTreeSet::<Place>::new();
	let mut games = vec![];
	for (number, line) in lines.iter().enumerate() {
		for (made, place) in (1..).zip(line.places()) {
			if seen.insert(place) {
				games.push((number, made));
			}
		}
	}
	assert!(seen.len() >= PLACES, "{} places: {seen:?}", seen.len());
	eprintln!("{} games, each at another place", seen.len());
	games
}

/// The row of a game as it lies in the state.
fn row(chain: &mut Chain, game: GameId) -> Vec<u8> {
	let key = Disputes::<Runtime>::hashed_key_for(game);
	chain.read(|| sp_io::storage::get(&key)).expect("the game is open").to_vec()
}

/// Upgrades the chain as its root does, and checks that nothing but the form of the rows has changed.
fn upgrade(chain: &mut Chain, games: &[GameId]) -> usize {
	let shown: Vec<Option<View>> = games.iter().map(|game| hall::view(chain, *game)).collect();
	let rows: Vec<Vec<u8>> = games.iter().map(|game| row(chain, *game)).collect();
	assert!(shown.iter().all(Option::is_some), "all games are open");
	assert_eq!(chain.read(StorageVersion::get::<Dispute>), 0);

	assert_eq!(chain.version.spec_version, 1);
	let transactions = chain.version.transaction_version;
	let at = chain.blocks.len();
	chain.block(vec![as_root(frame_system::Call::set_code { code: after().to_vec() })]);
	assert_eq!(chain.version.spec_version, 2);
	assert_eq!(chain.version.transaction_version, transactions, "wallets notice nothing");
	assert_eq!(chain.read(StorageVersion::get::<Dispute>), 0, "its first block migrates");
	chain.block(vec![]);

	assert_eq!(chain.read(StorageVersion::get::<Dispute>), 1);
	for ((game, shown), old) in games.iter().zip(&shown).zip(rows) {
		assert_eq!(&hall::view(chain, *game), shown, "game {game} by the new runtime");
		let (head, tail) = old.split_at(BEFORE_THE_FIELD);
		assert_eq!(row(chain, *game), [head, &1u32.encode(), tail].concat());
	}
	check(chain);
	at
}

/// The invariants of our pallets, checked by the types of the runtime before the upgrade: the field that it
/// adds is taken out of the rows for that, and nothing else.
fn check(chain: &mut Chain) {
	let upgraded = chain.read(StorageVersion::get::<Dispute>) == 1;
	chain.forget(|| {
		let rows = Disputes::<Runtime>::iter_keys().take_while(|_| upgraded);
		for key in rows.map(Disputes::<Runtime>::hashed_key_for).collect::<Vec<_>>() {
			let row = sp_io::storage::get(&key).expect("the game is open").to_vec();
			let (head, tail) = row.split_at(BEFORE_THE_FIELD);
			sp_io::storage::set(&key, &[head, &tail[4..]].concat());
		}
		assert_ok!(ComputeStaking::do_try_state());
		assert_ok!(TaskMarket::do_try_state());
		assert_ok!(Dispute::do_try_state());
	});
}

/// The games and claims of this test.
struct Setting {
	lines: Vec<Line>,
	/// Games that are played on after the upgrade.
	seats: Vec<Seat>,
	/// Games in which nobody moves any more.
	silent: Vec<Seat>,
	/// Claims about which games are opened after the upgrade only.
	late: Vec<(usize, TaskId)>,
}

/// Brings every game to its place.
fn set_up(chain: &mut Chain) -> Setting {
	let lines = line::lines();
	let wanted = one_for_each_place(&lines);
	// A solver's silence and a challenger's, and two lines that the versions judge differently.
	let (silent, late) = ([(0, 1), (0, 2)], [(0, 1), (1, 1)]);
	let all = || wanted.iter().chain(&silent).chain(&late);
	hall::enlist(chain);
	let executions: Vec<&Execution> = all().map(|(line, _)| &*lines[*line].solver).collect();
	let tasks = hall::claims(chain, &executions);
	let about: Vec<(usize, TaskId)> = all().map(|(line, _)| *line).zip(tasks).collect();
	let (now, late) = about.split_at(wanted.len() + silent.len());
	let mut seats = hall::open(chain, &lines, now);
	let first = seats[0].game;
	let stops: Vec<usize> = wanted.iter().chain(&silent).map(|(_, made)| *made).collect();
	hall::play(chain, &lines, &mut seats, |seat| stops[(seat.game - first) as usize]);
	let silent = seats.split_off(wanted.len());
	let late = late.to_vec();
	Setting { lines, seats, silent, late }
}

/// Checks how each game ended, and that nothing is open any more.
fn check_endings(chain: &mut Chain, setting: &Setting, late: &[Seat]) {
	let endings = hall::endings(chain);
	for seat in setting.seats.iter().chain(late) {
		let line = &setting.lines[seat.line];
		let (_, (outcome, moves, ..)) = endings[&seat.game];
		assert_eq!((outcome, moves as usize), (line.outcome, line.moves.len()), "{}", line.name);
	}
	let silent: Vec<Outcome> = setting.silent.iter().map(|seat| endings[&seat.game].1 .0).collect();
	assert_eq!(silent, [Outcome::Convicted(Fault::Silence), Outcome::ChallengerTimedOut]);
	assert_eq!(endings.len(), setting.seats.len() + setting.silent.len() + late.len());
	assert_eq!(chain.read(Disputes::<Runtime>::count), 0);
}

/// Claims and games under the rules of the new runtime alone: each way round.
fn play_by_the_new_rules(chain: &mut Chain) {
	let task = line::of_the_next_set(mlp(1, 1));
	let lines = [
		Line::new_rules("by the new rules", &task, 0, line::Style::Open),
		Line::old_rules("by rules that hold no more", &task, 0, line::Style::Open),
	];
	let solvers = [&*lines[0].solver, &*lines[1].solver];
	let tasks = hall::claims(chain, &solvers);
	let about: Vec<_> = tasks.into_iter().enumerate().collect();
	let mut seats = hall::open(chain, &lines, &about);
	for seat in &seats {
		let view = hall::view(chain, seat.game).expect("it is open");
		assert_eq!(view.game.params().referee, 2);
	}
	hall::play(chain, &lines, &mut seats, |_| usize::MAX);
	let endings = hall::endings(chain);
	let outcomes = seats.iter().map(|seat| endings[&seat.game].1 .0);
	assert_eq!(outcomes.collect::<Vec<_>>(), [Outcome::Acquitted, CONVICTED]);
	// Version 1 would have said the opposite of both.
	assert_eq!(lines.map(|line| line.outcome), [CONVICTED, Outcome::Acquitted]);
}

#[test]
fn games_should_end_by_their_own_rules_when_the_chain_upgrades_meanwhile() {
	let mut chain = Chain::new(before());
	let mut setting = set_up(&mut chain);
	let next = line::of_the_next_set(mlp(1, 1));
	let refused = chain.attempt((hall::REQUESTER, hall::post(&next)));
	assert_eq!(refused, Err(Error::<Runtime>::ProgramWrongOpset.into()));

	let open = setting.seats.iter().chain(&setting.silent).map(|seat| seat.game);
	let at = upgrade(&mut chain, &open.collect::<Vec<_>>());
	let mut deadlines = vec![];
	for seat in &setting.silent {
		deadlines.push(hall::view(&mut chain, seat.game).and_then(|view| view.deadline));
	}

	hall::play(&mut chain, &setting.lines, &mut setting.seats, |_| usize::MAX);
	let mut late = hall::open(&mut chain, &setting.lines, &setting.late);
	for seat in &late {
		// The claim was made by the rules of version 1, so it is judged by them.
		let view = hall::view(&mut chain, seat.game).expect("it is open");
		assert_eq!(view.game.params().referee, 1);
	}
	hall::play(&mut chain, &setting.lines, &mut late, |_| usize::MAX);
	check(&mut chain);
	let last = deadlines.iter().flatten().max().copied().expect("two games are silent");
	chain.run_to(last + 2);
	check_endings(&mut chain, &setting, &late);
	for (seat, deadline) in setting.silent.iter().zip(&deadlines) {
		assert_eq!(
			Some(hall::endings(&chain)[&seat.game].0),
			*deadline,
			"in time by its own clock"
		);
	}
	let split = setting.seats.iter().filter(|seat| setting.lines[seat.line].split).count();
	assert!(split >= PLACES / 2, "{split} games would end otherwise under the other version");

	// All claims that stand become final.
	while chain.read(|| Tasks::<Runtime>::iter_keys().next().is_some()) {
		chain.block(vec![]);
	}
	check(&mut chain);

	// The same without the upgrade.
	let mut other = chain.twin(before());
	for (number, orders) in chain.blocks.clone().into_iter().enumerate() {
		let remark = frame_system::Call::remark { remark: vec![] };
		other.block(if number == at { vec![as_root(remark)] } else { orders });
	}
	assert_eq!(other.version.spec_version, 1);
	assert_eq!(hall::endings(&chain), hall::endings(&other));
	assert_eq!(chain.purses(), other.purses());

	play_by_the_new_rules(&mut chain);
	chain.purses();
	// A runtime that does not know the rules of an open task says so.
	assert!(chain.forget(TaskMarket::do_try_state).is_err());
}
