//! Very many games whose clocks have run out at once.

use assay_case::testing::{mlp, Lie, MLP};
use assay_dispute_game::{Fault, Outcome, Side};
use assay_load::{
	chain::Chain,
	claims::{self, Standing, Story, PRICE, STAKE},
	people::Person,
};
use assay_primitives::TaskId;
use assay_runtime::{
	configs::BlockWeights, constants::ASY, AccountId, Balance, Balances, BlockNumber,
	ComputeStaking, Dispute, Runtime, RuntimeEvent, System, TaskMarket, Treasury,
};
use pallet_dispute::{Agenda, Disputes, Event as GameEvent, GameId, GamesOf, Transcripts};
use pallet_task_market::{Event as TaskEvent, Tasks};
use polkadot_sdk::{
	frame_support::{
		storage::{storage_prefix, unhashed},
		traits::{Get, Hooks},
	},
	sp_runtime::Perbill,
};
use std::collections::{HashMap, HashSet};

/// Games of a claim, as many as there can be.
const PLACES: u32 = 32;
/// Blocks for challenges.
const WINDOW: BlockNumber = 1_000;
/// Blocks that a game may end later than its clock: what the chain allows for when it computes how long
/// stake must stay slashable.
const SLACK: u32 = 64;

fn lie() -> Vec<Lie> {
	vec![Lie::Output { step: 2, node: MLP.update, word: 0, bit: 30 }]
}

/// Claims of one kind.
struct Kind<'a> {
	story: &'a Story,
	/// Moves that are made before somebody falls silent.
	made: u32,
	silent: Side,
	standing: Vec<Standing>,
}

impl<'a> Kind<'a> {
	fn new(chain: &mut Chain, story: &'a Story, count: u32, made: u32, silent: Side) -> Self {
		let name = format!("{silent:?}");
		let standing = claims::claimed(chain, &name, story, count, WINDOW);
		Self { story, made, silent, standing }
	}
}

/// A game that is open.
struct Open {
	game: GameId,
	challenger: AccountId,
	bond: Balance,
	/// What the sides' moves are worth.
	costs: (Balance, Balance),
	task: TaskId,
	silent: Side,
}

/// Money of the accounts that matter, and what there is outside the treasury, which is paid for eras.
struct Money {
	accounts: HashMap<AccountId, i128>,
	issued: Balance,
}

fn issued(chain: &mut Chain) -> Balance {
	let treasury = chain.with(Treasury::account_id);
	let kept = chain.money(&treasury);
	chain.with(Balances::total_issuance) - kept
}

impl Money {
	fn new(chain: &mut Chain, accounts: impl Iterator<Item = AccountId>) -> Self {
		let accounts = accounts.map(|who| (who.clone(), chain.money(&who) as i128)).collect();
		Self { accounts, issued: issued(chain) }
	}

	fn gains(&mut self, who: &AccountId, amount: Balance) {
		*self.accounts.get_mut(who).expect("an account that matters") += amount as i128;
	}

	fn loses(&mut self, who: &AccountId, amount: Balance) {
		*self.accounts.get_mut(who).expect("an account that matters") -= amount as i128;
	}

	fn check(&self, chain: &mut Chain) {
		for (who, money) in &self.accounts {
			assert_eq!(chain.money(who) as i128, *money, "{who:?}");
		}
		assert_eq!(issued(chain), self.issued, "what has burned");
	}
}

fn note(chain: &mut Chain, game: GameId, silent: Side) -> Open {
	let dispute = claims::stored(chain, game);
	assert_eq!(dispute.game.mover(), Some(silent));
	Open {
		game,
		challenger: dispute.challenger,
		bond: dispute.bond,
		costs: (dispute.challenger_cost, dispute.solver_cost),
		task: dispute.task,
		silent,
	}
}

fn count(chain: &mut Chain) -> u32 {
	chain.with(Disputes::<Runtime>::count)
}

/// Passes blocks, the first one so far ahead, until no game is open. Every block keeps its limits. Returns
/// how many blocks it took, and what was said.
fn end_all(chain: &mut Chain, ahead: u32) -> (u32, Vec<RuntimeEvent>) {
	let (mut blocks, mut events, mut ahead) = (0, Vec::new(), ahead);
	let most = <Runtime as pallet_dispute::Config>::TickWeight::get();
	assert_eq!(most, Perbill::from_percent(5) * BlockWeights::get().max_block);
	while count(chain) > 0 {
		let spent = chain.try_out(|| {
			let next = System::block_number() + ahead;
			System::set_block_number(next);
			Dispute::on_initialize(next)
		});
		assert!(spent.all_lte(most), "{spent:?} of {most:?}");
		let said = chain.next(ahead);
		// The stock pallet says of a block that begins a session that it is full.
		if !said.iter().any(|event| matches!(event, RuntimeEvent::Session(_))) {
			let weight = chain.with(System::block_weight);
			assert!(weight.total().all_lte(BlockWeights::get().max_block), "{weight:?}");
		}
		events.extend(said);
		(blocks, ahead) = (blocks + 1, 1);
		assert!(blocks < 10_000, "games do not end");
	}
	(blocks, events)
}

/// Checks that each game ended as it must, and that money went where it must, to the unit. Then the
/// claims that stand are paid.
fn judge(chain: &mut Chain, open: &[Open], kinds: &[Kind<'_>], ahead: u32) -> u32 {
	let accounts = open.iter().map(|open| open.challenger.clone());
	let standing = kinds.iter().flat_map(|kind| &kind.standing);
	let people = standing.flat_map(|s| [s.requester.clone(), s.solver.clone()]);
	let mut money = Money::new(chain, accounts.chain(people));
	let (blocks, events) = end_all(chain, ahead);
	let mut resolved = HashMap::new();
	let mut closed = HashSet::new();
	for event in &events {
		match event {
			RuntimeEvent::Dispute(GameEvent::GameResolved { game, outcome, .. }) => {
				assert_eq!(resolved.insert(*game, *outcome), None);
			},
			RuntimeEvent::Dispute(GameEvent::GameClosed { game, .. }) => {
				assert!(closed.insert(*game));
			},
			RuntimeEvent::Dispute(GameEvent::AutomaticStepFailed { game, error }) => {
				panic!("game {game}: {error:?}");
			},
			_ => {},
		}
	}
	let mut convicted: HashMap<TaskId, u32> = HashMap::new();
	let of_task: HashMap<TaskId, &Standing> = kinds
		.iter()
		.flat_map(|kind| &kind.standing)
		.map(|standing| (standing.task, standing))
		.collect();
	for Open { game, challenger, bond, costs, task, silent } in open {
		let standing = of_task[task];
		match (silent, resolved.get(game)) {
			(Side::Defender, Some(Outcome::Convicted(Fault::Silence))) => {
				*convicted.entry(*task).or_default() += 1;
				let cost = costs.0.min(STAKE / 20);
				money.gains(challenger, STAKE / 10 + cost);
				money.gains(&standing.requester, STAKE / 4);
				money.loses(&standing.solver, STAKE);
				money.issued -= STAKE - STAKE / 4 - STAKE / 10 - cost;
			},
			(Side::Defender, None) => assert!(closed.contains(game)),
			(Side::Challenger, Some(Outcome::ChallengerTimedOut)) => {
				let paid = costs.1.min(bond / 2);
				money.loses(challenger, *bond);
				money.gains(&standing.solver, paid);
				money.issued -= bond - paid;
			},
			(silent, outcome) => panic!("game {game}, {silent:?} silent: {outcome:?}"),
		}
		assert_eq!(chain.held(challenger), 0);
	}
	for kind in kinds.iter().filter(|kind| kind.silent == Side::Defender) {
		let once = |s: &Standing| convicted.get(&s.task) == Some(&1);
		assert!(kind.standing.iter().all(once), "each wrong claim falls once");
	}
	assert_eq!(resolved.len() + closed.len(), open.len());
	money.check(chain);
	pay(chain, kinds, &mut money);
	money.check(chain);
	check_books(chain);
	blocks
}

/// Lets the windows of all claims pass.
fn pay(chain: &mut Chain, kinds: &[Kind<'_>], money: &mut Money) {
	let mut events = chain.next(WINDOW + 1);
	for _ in 0..1_000 {
		if chain.with(|| Tasks::<Runtime>::iter_keys().next().is_none()) {
			break;
		}
		events.extend(chain.next(1));
	}
	let paid = events.iter().filter_map(|event| match event {
		RuntimeEvent::TaskMarket(TaskEvent::TaskFinalised { task, paid, fee, .. }) => {
			assert_eq!((*paid, *fee), (PRICE, PRICE / 100));
			Some(*task)
		},
		_ => None,
	});
	let paid: HashSet<_> = paid.collect();
	for kind in kinds.iter().filter(|kind| kind.silent == Side::Challenger) {
		for Standing { task, requester, solver } in &kind.standing {
			assert!(paid.contains(task), "a right claim is paid");
			money.gains(solver, PRICE);
			money.loses(requester, PRICE + PRICE / 100);
			money.issued -= PRICE / 100;
		}
	}
}

fn check_books(chain: &mut Chain) {
	chain.with(|| {
		assert_eq!(Dispute::do_try_state(), Ok(()));
		assert_eq!(TaskMarket::do_try_state(), Ok(()));
		assert_eq!(ComputeStaking::do_try_state(), Ok(()));
		let rows = Agenda::<Runtime>::iter().count() + Transcripts::<Runtime>::iter().count();
		assert_eq!(rows + GamesOf::<Runtime>::iter().count(), 0);
	});
}

fn accuser(chain: &mut Chain, number: u32) -> AccountId {
	let who = Person::new("accuser", number).account();
	chain.fund(&who, 10 * ASY);
	who
}

/// The chain takes 256 games at a time. Here it is told before each opening that it has none, so that it
/// takes as many as there are places in its agenda; everything else is as the calls leave it. Then it is
/// asleep until all of them are overdue.
#[test]
fn ten_thousand_games_should_end_rightly_when_all_are_overdue_at_once() {
	const GAMES: u32 = 10_000;
	let set_count = |chain: &mut Chain, count: u32| {
		let key = storage_prefix(b"Dispute", b"CounterForDisputes");
		chain.with(|| unhashed::put(&key, &count));
	};
	let mut chain = Chain::new();
	let task = mlp(3, 1);
	let wrong = Story::new(&task, lie(), vec![], false);
	let right = Story::new(&task, vec![], lie(), false);
	let claims = (GAMES / 2).div_ceil(PLACES);
	let kinds = [
		Kind::new(&mut chain, &wrong, claims, 1, Side::Defender),
		Kind::new(&mut chain, &right, claims, 2, Side::Challenger),
	];
	let mut open = Vec::new();
	for number in 0..claims as usize {
		for kind in &kinds {
			for _ in 0..PLACES.min(GAMES / 2 - number as u32 * PLACES) {
				let who = accuser(&mut chain, open.len() as u32);
				set_count(&mut chain, 0);
				let game = claims::open(&mut chain, &who, kind.story, kind.standing[number].task);
				for _ in 1..kind.made {
					claims::turn(&mut chain, game, kind.story);
				}
				open.push(note(&mut chain, game, kind.silent));
			}
		}
		// Two claims' games for each bucket of the agenda.
		chain.next(1);
	}
	assert_eq!(open.len() as u32, GAMES);
	set_count(&mut chain, GAMES);
	let last = open.iter().map(|open| open.game).collect::<Vec<_>>();
	let due = last.iter().filter_map(|game| claims::stored(&mut chain, *game).game.deadline());
	let asleep = due.max().expect("there are games") - chain.now();
	let blocks = judge(&mut chain, &open, &kinds, asleep + SLACK);
	// At its worst a block ends four games: those that wait behind others would need 2,500.
	println!("load.expiry.10000_games {blocks} blocks");
	assert!(blocks < GAMES / 4);
}

/// Opens games about claims of these kinds, so that all their deadlines are in one block; returns it.
fn all_at_once(chain: &mut Chain, kinds: &[Kind<'_>], each: u32) -> (Vec<Open>, BlockNumber) {
	let mut games = Vec::new();
	for kind in kinds {
		for standing in &kind.standing {
			for _ in 0..each {
				let who = accuser(chain, games.len() as u32);
				let game = claims::open(chain, &who, kind.story, standing.task);
				for _ in 2..kind.made {
					claims::turn(chain, game, kind.story);
				}
				games.push((game, kind));
			}
		}
	}
	// The last move before the silence is made so long before the deadline as the silent side's clock has.
	let left = |chain: &mut Chain, game, kind: &Kind<'_>| {
		claims::stored(chain, game).game.clocks().of(kind.silent).left
	};
	let longest = games.iter().map(|(game, kind)| left(chain, *game, kind)).max();
	let due = chain.now() + longest.expect("there are games");
	let (mut open, mut waiting) = (Vec::new(), games);
	loop {
		let mut rest = Vec::new();
		for (game, kind) in waiting {
			if chain.now() + left(chain, game, kind) < due {
				rest.push((game, kind));
				continue;
			}
			claims::turn(chain, game, kind.story);
			assert_eq!(claims::stored(chain, game).game.deadline(), Some(due));
			open.push(note(chain, game, kind.silent));
		}
		waiting = rest;
		if waiting.is_empty() {
			break;
		}
		chain.next(1);
	}
	assert_eq!(chain.with(Dispute::do_try_state), Ok(()));
	while chain.now() + 1 < due {
		chain.next(1);
	}
	(open, due)
}

/// As many games as the chain takes, all overdue in one block: in how many blocks they end.
fn full_chain(name: &str, wrong: u32, right: u32, each: u32) -> u32 {
	let task = mlp(3, 3);
	let stories =
		[Story::new(&task, lie(), vec![], false), Story::new(&task, vec![], lie(), false)];
	let mut chain = Chain::new();
	let kinds = [
		Kind::new(&mut chain, &stories[0], wrong, 3, Side::Defender),
		Kind::new(&mut chain, &stories[1], right, 2, Side::Challenger),
	];
	let (open, _) = all_at_once(&mut chain, &kinds, each);
	let most: u32 = <Runtime as pallet_dispute::Config>::MaxGames::get();
	assert_eq!(open.len() as u32, most);
	let blocks = judge(&mut chain, &open, &kinds, 1);
	println!("load.expiry.{name} {blocks} blocks");
	blocks
}

#[test]
fn a_full_chain_should_end_all_games_in_time_when_every_one_convicts_alone() {
	assert!(full_chain("256_claims_convicted", 256, 0, 1) <= SLACK);
}

#[test]
fn a_full_chain_should_end_all_games_in_time_when_every_one_acquits() {
	assert!(full_chain("256_games_acquitted", 0, 8, PLACES) <= SLACK);
}

#[test]
fn a_full_chain_should_end_all_games_in_time_when_claims_fall_with_many_games() {
	assert!(full_chain("256_games_mixed", 4, 4, PLACES) <= SLACK);
}
