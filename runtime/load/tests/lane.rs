//! The lane of disputes: what it takes, and that ordinary transactions cannot keep moves out of it.

use assay_case::{
	testing::{large_product, Lie},
	Join, NodeProof, PostedPartials,
};
use assay_dispute_game::{Children, Shown, MAX_MOVES};
use assay_load::{
	chain::Chain,
	claims::{self, Story},
	people::Person,
	pool::{Included, Pool},
};
use assay_runtime::{
	configs::{BlockLength, BlockWeights},
	constants::{ASY, MILLI},
	offchain::tips::Urgency,
	Balance, BlockNumber, Dispute, Runtime, RuntimeCall,
};
use assay_runtime_fuzzer::transaction::said;
use codec::{Encode, MaxEncodedLen};
use pallet_dispute::{GameId, HEAVIEST_BYTES};
use polkadot_sdk::{
	frame_support::{
		dispatch::{DispatchClass, GetDispatchInfo},
		traits::Get,
	},
	frame_system, pallet_balances, pallet_utility,
	sp_runtime::MultiAddress,
};

/// Claims whose places are all taken fill the chain.
const CLAIMS: u32 = 8;
const PLACES: u32 = 32;
/// Blocks for challenges: longer than any test.
const WINDOW: BlockNumber = 2_000;
/// Transactions that do not fit, after which an author who is out of time stops: the stock author's number.
const OUT_OF_TIME: usize = 8;
/// A tip that puts ordinary transactions before every move.
const DEAR: Balance = 1_000 * ASY;
/// Bytes of a signed transaction around its call, at most.
const AROUND: usize = 200;

/// A right claim about the heaviest tile, against a challenger who brings the evidence and is wrong.
fn story() -> Story {
	let lies =
		vec![Lie::Output { step: 0, node: 2, word: 0, bit: 0 }, Lie::Slot { step: 0, slot: 0 }];
	Story::new(&large_product(), vec![], lies, false)
}

/// A chain with as many games as it takes. The first `light` of them wait for the solver, all others for
/// the challenger's evidence.
fn full(story: &Story, light: usize) -> (Chain, Vec<(Person, GameId)>) {
	let mut chain = Chain::new();
	let standing = claims::claimed(&mut chain, "full", story, CLAIMS, WINDOW);
	let mut games = Vec::new();
	for standing in &standing {
		for _ in 0..PLACES {
			let who = Person::new("accuser", games.len() as u32);
			chain.fund(&who.account(), 100 * ASY);
			let game = claims::open(&mut chain, &who.account(), story, standing.task);
			if games.len() >= light {
				claims::turn(&mut chain, game, story);
			}
			games.push((who, game));
		}
	}
	let most: u32 = <Runtime as pallet_dispute::Config>::MaxGames::get();
	assert_eq!(games.len() as u32, most);
	(chain, games)
}

/// What strangers fill blocks with.
#[derive(Clone, Copy, Debug)]
enum Fill {
	/// Much to execute, few bytes.
	Weight,
	/// Many bytes, little to execute.
	Length,
}

impl Fill {
	fn call(self, number: u32) -> RuntimeCall {
		match self {
			Self::Weight => {
				let dest = MultiAddress::Id(Person::new("receiver", number).account());
				let value = MILLI * 20;
				let pay = pallet_balances::Call::<Runtime>::transfer_keep_alive { dest, value };
				pallet_utility::Call::<Runtime>::batch { calls: vec![pay.into(); 200] }.into()
			},
			Self::Length => {
				let remark = vec![number as u8; 460 * 1024];
				frame_system::Call::<Runtime>::remark { remark }.into()
			},
		}
	}

	/// How many fill the part of a block that is theirs.
	fn of_a_block(self) -> u32 {
		let call = self.call(0);
		let normal = BlockWeights::get().get(DispatchClass::Normal).max_total;
		let weight = normal.expect("there is a limit").ref_time() / said(&call).ref_time();
		let length = *BlockLength::get().max.get(DispatchClass::Normal) as usize;
		(weight as u32).min((length / call.encoded_size()) as u32) + 1
	}
}

/// Strangers who keep ten blocks' worth of ordinary transactions waiting.
struct Spam {
	fill: Fill,
	tip: Balance,
	sent: u32,
	priority: u64,
}

impl Spam {
	fn new(fill: Fill, tip: Balance) -> Self {
		Self { fill, tip, sent: 0, priority: 0 }
	}

	fn keep_up(&mut self, chain: &mut Chain, pool: &mut Pool, disputes: usize) {
		let wanted = 10 * self.fill.of_a_block() as usize;
		while pool.len() - disputes < wanted {
			let who = Person::new("spammer", self.sent);
			chain.fund(&who.account(), 10 * ASY + self.tip);
			self.priority = pool.send(chain, &who, self.fill.call(self.sent), self.tip);
			self.sent += 1;
		}
	}
}

/// Sends the next moves of games; the least of their priorities.
fn send(chain: &mut Chain, pool: &mut Pool, story: &Story, games: &[(Person, GameId)]) -> u64 {
	let mut least = u64::MAX;
	for (who, game) in games {
		let (account, call) = claims::next_move(chain, *game, story);
		let who = match account == who.account() {
			true => who.clone(),
			// Eight claims of one solver.
			false => Person::new("full solver", 0),
		};
		least = least.min(pool.send(chain, &who, call, 0));
	}
	least
}

#[test]
fn every_move_of_every_game_should_fit_the_lane_within_the_shortest_clock() {
	let longest_light = [
		PostedPartials::max_encoded_len(),
		Join::max_encoded_len(),
		NodeProof::max_encoded_len() + Shown::max_encoded_len(),
		2 * Shown::max_encoded_len(),
		Children::max_encoded_len(),
	];
	let longest_light = longest_light.into_iter().max().expect("there are some") + AROUND;
	let mut chain = Chain::new();
	let light = pallet_dispute::Call::<Runtime>::ask { game: 0, position: [0; 32] }.into();
	let story = story();
	let claims = claims::claimed(&mut chain, "one", &story, 1, WINDOW);
	let who = Person::new("accuser", 0);
	chain.fund(&who.account(), 100 * ASY);
	let game = claims::open(&mut chain, &who.account(), &story, claims[0].task);
	claims::turn(&mut chain, game, &story);
	let (_, heavy) = claims::next_move(&mut chain, game, &story);
	assert!(heavy.encoded_size() + AROUND <= HEAVIEST_BYTES as usize);
	let light = Dispute::lane_blocks(said(&light), longest_light as u32).expect("it takes them");
	let heavy = Dispute::lane_blocks(said(&heavy), HEAVIEST_BYTES).expect("it takes them");
	let clock = <Runtime as pallet_dispute::Config>::Clock::get();
	let shortest = clock.base - clock.reserve();
	// Of the longest game a side makes half of the moves, and only its last can bring evidence.
	let all = heavy + (MAX_MOVES / 2 - 1) * light;
	println!("load.lane.all_games.heaviest_move {heavy} blocks");
	println!("load.lane.all_games.light_move {light} blocks");
	println!("load.lane.all_games.longest_game {all} of {shortest} blocks");
	assert!(heavy + light <= shortest / 4 && all <= shortest);
}

/// Lets a move of each sort arrive in each of some blocks, among ten blocks' worth of spam; the longest
/// wait of a move.
fn longest_wait(fill: Fill, tip: Balance, patience: usize) -> BlockNumber {
	const BLOCKS: usize = 6;
	let story = story();
	let (mut chain, games) = full(&story, BLOCKS);
	let (mut pool, mut spam) = (Pool::default(), Spam::new(fill, tip));
	let (mut sent, mut included) = (0, Vec::<Included>::new());
	for block in 0..BLOCKS {
		spam.keep_up(&mut chain, &mut pool, sent - included.len());
		let next = [games[block].clone(), games[BLOCKS + block].clone()];
		let priority = send(&mut chain, &mut pool, &story, &next);
		// Else the moves are taken first, and nothing is shown about those that come last.
		assert_eq!(spam.priority > priority, tip == DEAR, "{} {priority}", spam.priority);
		sent += next.len();
		chain.next(1);
		let taken = pool.fill(&mut chain, patience);
		assert!(taken.iter().all(|taken| taken.succeeded));
		let bytes: usize = taken.iter().map(|taken| taken.bytes).sum();
		let ordinary = taken.iter().filter(|taken| !taken.disputes).count();
		assert!(ordinary as u32 + 3 > fill.of_a_block() || bytes > 3 * 1024 * 1024, "{ordinary}");
		included.extend(taken.iter().filter(|taken| taken.disputes));
	}
	assert_eq!(included.len(), sent, "no move is left");
	included.iter().map(|taken| taken.waited).max().expect("there were moves")
}

#[test]
fn spam_should_not_delay_a_move_when_it_fills_the_weight_of_ten_blocks() {
	assert!(longest_wait(Fill::Weight, 0, OUT_OF_TIME) <= 2);
}

#[test]
fn spam_should_not_delay_a_move_when_it_fills_the_length_of_ten_blocks() {
	assert!(longest_wait(Fill::Length, 0, OUT_OF_TIME) <= 2);
}

#[test]
fn spam_should_not_delay_a_move_when_it_tips_more_and_the_author_has_time() {
	assert!(longest_wait(Fill::Length, DEAR, usize::MAX) <= 2);
}

/// With a twentieth of a token each, a block full of ordinary transactions costs some tokens to put before a
/// move that costs a few thousandths.
#[test]
fn spam_should_not_come_before_a_move_when_it_tips_twenty_times_what_the_move_costs() {
	assert!(longest_wait(Fill::Weight, 50 * MILLI, OUT_OF_TIME) <= 2);
}

/// Blocks until all games' heaviest moves, sent at once, are included; and the most that they may take.
fn drain(spam: Option<(Fill, Balance)>, patience: usize) -> (BlockNumber, BlockNumber) {
	let story = story();
	let (mut chain, games) = full(&story, 0);
	let (_, heaviest) = claims::next_move(&mut chain, games[0].1, &story);
	let most = Dispute::lane_blocks(said(&heaviest), HEAVIEST_BYTES).expect("it takes them");
	let mut pool = Pool::default();
	let mut spam = spam.map(|(fill, tip)| Spam::new(fill, tip));
	let priority = send(&mut chain, &mut pool, &story, &games);
	let (mut left, mut blocks) = (games.len(), 0);
	while left > 0 {
		if let Some(spam) = &mut spam {
			spam.keep_up(&mut chain, &mut pool, left);
			assert_eq!(spam.priority > priority, spam.tip == DEAR);
		}
		chain.next(1);
		let taken = pool.fill(&mut chain, patience);
		assert!(taken.iter().all(|taken| taken.succeeded));
		left -= taken.iter().filter(|taken| taken.disputes).count();
		blocks += 1;
		assert!(blocks < 300, "they do not end");
	}
	assert_eq!(chain.with(Dispute::do_try_state), Ok(()));
	(blocks, most)
}

#[test]
fn all_games_should_be_judged_within_a_clock_when_their_heaviest_moves_come_at_once() {
	let (calm, most) = drain(None, OUT_OF_TIME);
	let (spam, _) = drain(Some((Fill::Length, 0)), OUT_OF_TIME);
	let (dear, _) = drain(Some((Fill::Length, DEAR)), usize::MAX);
	println!("load.lane.256_verdicts.calm {calm} blocks");
	println!("load.lane.256_verdicts.spam {spam} blocks");
	println!("load.lane.256_verdicts.spam_that_tips {dear} of {most} blocks");
	assert!(calm <= spam && spam <= dear && dear <= most, "{calm} {spam} {dear} {most}");
}

/// A worker's move, against strangers who fill every block with openings that are refused: calls of the dispute pallet as
/// cheap as there are, each with this tip.
struct Outbid {
	/// Blocks that the move waits until it comes before theirs.
	waits: BlockNumber,
	/// Its tip then.
	tip: Balance,
	/// What each full block costs the strangers.
	a_block: Balance,
}

fn outbid(stranger_tip: Balance) -> Outbid {
	let story = story();
	let mut chain = Chain::new();
	let claims = claims::claimed(&mut chain, "one", &story, 1, WINDOW);
	let who = Person::new("accuser", 0);
	chain.fund(&who.account(), 100 * ASY);
	let game = claims::open(&mut chain, &who.account(), &story, claims[0].task);
	// A light one: those are the cheapest, and the solver is lost without it.
	let (account, call) = claims::next_move(&mut chain, game, &story);
	let solver = Person::new("one solver", 0);
	assert_eq!(account, solver.account());
	let stranger = Person::new("stranger", 0);
	chain.fund(&stranger.account(), 10 * ASY);
	let refused: RuntimeCall = pallet_dispute::Call::<Runtime>::open_withheld { task: 77 }.into();
	let mut pool = Pool::default();
	let priority = pool.send(&mut chain, &stranger, refused, stranger_tip);
	chain.next(1);
	let before = chain.money(&stranger.account());
	let [taken] = pool.fill(&mut chain, 0)[..] else { panic!("there is one") };
	assert!(!taken.succeeded);
	let each = before - chain.money(&stranger.account());
	let limits = BlockWeights::get();
	let base = limits.get(DispatchClass::Operational).base_extrinsic;
	let weight = Dispute::refused_opening_weight().saturating_add(base);
	let calls = limits.max_block.checked_div_per_component(&weight).expect("it weighs something");

	let dispute =
		chain.with(|| pallet_dispute::Disputes::<Runtime>::get(game)).expect("it is open");
	let until = dispute.game.deadline().expect("it is not over");
	// A stake for which the bond decides.
	let urgency = Urgency::of_move(until, dispute.bond, 0);
	let (now, purse) = (chain.now(), chain.money(&solver.account()));
	let mut tried = (0..until - now).map(|waits| {
		let tip = urgency.tip(now + waits, waits, purse);
		(waits, tip, pool.send(&mut chain, &solver, call.clone(), tip))
	});
	let found = tried.find(|(.., its)| *its > priority);
	let (waits, tip, _) = found.expect("before its clock runs out");
	Outbid { waits, tip, a_block: each * Balance::from(calls) }
}

#[test]
fn move_should_outbid_strangers_who_fill_blocks_with_refused_openings() {
	for stranger_tip in [MILLI / 10, 10 * MILLI] {
		let Outbid { waits, tip, a_block } = outbid(stranger_tip);
		let (theirs, money) = (stranger_tip / (MILLI / 10), |balance| balance as f64 / ASY as f64);
		println!(
			"load.lane.refused_openings.tip_{theirs} {waits} blocks {:.4} ASY-of-the-move {:.2} ASY-a-block",
			money(tip),
			money(a_block)
		);
		assert!(waits > 0, "they do keep it out");
		assert!(waits <= 16 && a_block > 20 * tip, "{waits} {a_block} {tip}");
	}
}

#[test]
fn dispute_moves_should_be_in_a_lane_of_their_own() {
	let call: RuntimeCall = pallet_dispute::Call::<Runtime>::expire { game: 0 }.into();
	assert_eq!(call.get_dispatch_info().class, DispatchClass::Operational);
	let limits = BlockWeights::get();
	let (all, normal) = (limits.max_block, limits.get(DispatchClass::Normal).max_total);
	let reserved = limits.get(DispatchClass::Operational).reserved.expect("there is a reserve");
	assert!(reserved.all_gte(all - normal.expect("there is a limit")));
	let length = BlockLength::get().max;
	let free = length.get(DispatchClass::Operational) - length.get(DispatchClass::Normal);
	assert!(free >= 7 * HEAVIEST_BYTES);
}
