//! A quarter of the challengers run an executor that is wrong, and dispute every claim by the honest rules.
//!
//! Nobody here means harm: after an upgrade some challengers compute another thing than everybody else, see
//! every claim as wrong, open games as often as an honest node would, and play them well. Claims come in
//! waves, some of them really wrong. It goes on until the wrong challengers cannot pay another bond, and for
//! one wave more.

use crate::{
	books::{check_books, Fate, Story},
	claim::{Claim, BIDDING},
	content::Version,
	genesis::{chain, next_block, take_events},
	honest::{self, Node},
	lore::player,
	people::{account, fund, fund_accuser, held, money, send},
};
use assay_dispute_game::{testing::Rng, Side};
use assay_primitives::TaskId;
use assay_runtime::{
	constants::ASY,
	offchain::{
		challenger::{self, Duty},
		player::{brief, call, context, play, Plays, Table},
		signing, Action,
	},
	AccountId, Balance, Balances, BlockNumber, Dispute, Runtime, System,
};
use pallet_dispute::{Disputes, GamesOf};
use pallet_task_market::Tasks;
use std::collections::HashMap;

/// Challengers whose executor is right, and those whose executor is not.
const CHALLENGERS: [u32; 2] = [12, 4];
/// What a wrong challenger has: some fifteen bonds.
const PURSE: Balance = 80 * ASY;
/// Claims of a wave; the last of each eight is wrong.
const CLAIMS: u32 = 24;
/// Waves after which wrong challengers that still have money are a fault.
const WAVES: u32 = 40;
/// Games that an honest node opens about one claim at most, and the blocks between, as in the off-chain
/// worker, whose memory is that of one node.
const OPENINGS: u32 = 3;
const PAUSE: BlockNumber = 8;
/// Blocks after which a wave that has not ended is a fault.
const FOREVER: BlockNumber = 20_000;

struct Challenger {
	who: AccountId,
	is_wrong: bool,
	/// Games about a claim, and the block of the latest opening.
	opened: HashMap<TaskId, (u32, BlockNumber)>,
}

impl Challenger {
	/// What it computed of a task. A wrong executor is wrong about every one, and not always in the same way.
	fn eyes(&self, task: TaskId) -> Version {
		match self.is_wrong {
			true => Version::Wrong(task as usize),
			false => Version::Right,
		}
	}

	fn may_open(&self, task: TaskId, now: BlockNumber) -> bool {
		let (games, last) = self.opened.get(&task).copied().unwrap_or_default();
		games < OPENINGS && (games == 0 || now >= last + PAUSE)
	}

	/// The action that a duty asks for.
	fn action(&self, node: &Node, claims: &HashMap<TaskId, Claim>, duty: Duty) -> Option<Action> {
		match duty {
			Duty::Continue(game) => {
				let task = Disputes::<Runtime>::get(game)?.task;
				node.seen_by(self.eyes(task), || challenger::act(duty, &Plays::default()))
			},
			Duty::Check(task) => {
				let claim = claims.get(&task)?;
				let own = node.with_lore(|lore| {
					let content = &lore.contents[claim.content];
					content.claim(self.eyes(task)).root == content.claim(claim.version).root
				});
				if own || !self.may_open(task, System::block_number()) {
					return None;
				}
				let context = context(task, &Tasks::<Runtime>::get(task)?)?;
				node.seen_by(self.eyes(task), || play(Table::New(task), context, &Plays::default()))
			},
		}
	}

	fn turn(&mut self, node: &Node, claims: &HashMap<TaskId, Claim>) -> Result<(), String> {
		let duties = challenger::duties(&self.who);
		let actions: Vec<_> =
			duties.into_iter().filter_map(|duty| self.action(node, claims, duty)).collect();
		let now = System::block_number();
		for action in signing::due(&self.who, actions.into_iter()) {
			if honest::is_opening(&action.call) {
				let task = honest::task_of(&action.call).ok_or("an opening names its task")?;
				let (games, last) = self.opened.entry(task).or_default();
				(*games, *last) = (*games + 1, now);
			}
			send(&self.who, action.call).map_err(|error| format!("{}: {error:?}", action.why))?;
		}
		Ok(())
	}
}

/// What it came to.
#[derive(Debug, Default)]
pub(crate) struct Summary {
	waves: u32,
	claims: u32,
	paid: u32,
	fallen: u32,
	games: u32,
	/// Games about right claims: all of them the wrong challengers'.
	false_games: u32,
	/// Bonds that the wrong challengers lost.
	lost: Balance,
	/// What they were paid where a claim was wrong indeed.
	earned: Balance,
	/// What they have left.
	left: Balance,
	/// Most blocks from the end of a right claim's window to its payment.
	worst_delay: BlockNumber,
	/// The same in the last wave, when nobody disputed a right claim.
	calm_delay: BlockNumber,
	longest: BlockNumber,
	late: u32,
}

impl Summary {
	/// The line that a run ends with.
	pub(crate) fn line(&self, seed: u64) -> String {
		let tokens = |amount: Balance| amount as f64 / ASY as f64;
		format!(
			"WRONG-EXECUTOR seed={seed} challengers={}/{} waves={} claims={} paid={} fallen={} games={} \
			 false_games={} lost={:.2} earned={:.2} left={:.2} worst_delay={} calm_delay={} longest_game={} late={}",
			CHALLENGERS[1],
			CHALLENGERS[0] + CHALLENGERS[1],
			self.waves,
			self.claims,
			self.paid,
			self.fallen,
			self.games,
			self.false_games,
			tokens(self.lost),
			tokens(self.earned),
			tokens(self.left),
			self.worst_delay,
			self.calm_delay,
			self.longest,
			self.late
		)
	}
}

struct Scene<'a> {
	node: &'a Node,
	rng: Rng,
	challengers: Vec<Challenger>,
	story: Story,
	issued: Balance,
	summary: Summary,
}

/// Plays it with the tasks, lies and windows of a seed.
pub(crate) fn run(seed: u64, node: &Node) -> Result<Summary, String> {
	node.forget();
	chain(node).execute_with(|| {
		let mut scene = Scene {
			node,
			rng: Rng(seed ^ 0xE7EC),
			challengers: Vec::new(),
			story: Story::default(),
			issued: Balances::total_issuance(),
			summary: Summary::default(),
		};
		scene.invite()?;
		while scene.can_accuse() {
			if scene.summary.waves == WAVES {
				return Err("the wrong challengers do not run out of money".into());
			}
			scene.wave()?;
		}
		let before = scene.summary.false_games;
		scene.summary.calm_delay = scene.wave()?;
		if scene.summary.false_games != before {
			return Err("a challenger without money opened a game".into());
		}
		scene.settle()?;
		Ok(scene.summary)
	})
}

impl Scene<'_> {
	fn invite(&mut self) -> Result<(), String> {
		for (is_wrong, count) in [false, true].into_iter().zip(CHALLENGERS) {
			for number in 0..count {
				let who = account(if is_wrong { "mistaken" } else { "checker" }, number);
				if is_wrong { fund(&who, PURSE) } else { fund_accuser(&who) }?;
				self.challengers.push(Challenger { who, is_wrong, opened: HashMap::new() });
			}
		}
		Ok(())
	}

	fn wrong(&self) -> impl Iterator<Item = &AccountId> {
		self.challengers.iter().filter(|c| c.is_wrong).map(|c| &c.who)
	}

	/// Whether a wrong challenger can pay a bond. All claims ask for the same within a thousandth.
	fn can_accuse(&self) -> bool {
		let bond = <Runtime as pallet_dispute::Config>::Tariff::get().bond_base;
		self.wrong().any(|who| Balances::free_balance(who) > bond + ASY / 2)
	}

	/// Lets claims be made, disputed and settled. Returns how long the right ones took beyond their window.
	fn wave(&mut self) -> Result<BlockNumber, String> {
		let claims = self.claims()?;
		let mut worst = 0;
		let mut open: Vec<TaskId> = claims.keys().copied().collect();
		open.sort_unstable();
		let (began, ends) = (System::block_number(), self.ends(&claims));
		while !open.is_empty() {
			next_block();
			self.story.read(take_events());
			let now = System::block_number();
			if now - began > FOREVER {
				return Err("a wave does not end".into());
			}
			open.retain(|task| match self.story.fates.get(task) {
				None => true,
				Some(_) => {
					if claims[task].right {
						worst = worst.max(now.saturating_sub(ends[task]));
					}
					false
				},
			});
			for task in &open {
				self.answer(&claims[task])?;
			}
			for challenger in &mut self.challengers {
				challenger.turn(self.node, &claims)?;
			}
			self.story.read(take_events());
		}
		self.judge(&claims)?;
		self.summary.waves += 1;
		self.summary.worst_delay = self.summary.worst_delay.max(worst);
		Ok(worst)
	}

	/// Last block of each claim's window.
	fn ends(&self, claims: &HashMap<TaskId, Claim>) -> HashMap<TaskId, BlockNumber> {
		let now = System::block_number();
		claims.iter().map(|(task, claim)| (*task, now + claim.window)).collect()
	}

	fn claims(&mut self) -> Result<HashMap<TaskId, Claim>, String> {
		let mut claims: Vec<_> =
			(0..CLAIMS).map(|n| Claim::plain(n, &mut self.rng, n % 8 != 7)).collect();
		for claim in &mut claims {
			self.node.with_lore(|lore| claim.post(lore))?;
			self.node.note(claim);
		}
		for _ in 0..4 * BIDDING {
			next_block();
			self.story.read(take_events());
			if claims.iter().all(Claim::is_assigned) {
				break;
			}
		}
		for claim in &mut claims {
			self.node.with_lore(|lore| claim.submit(lore))?;
		}
		self.story.read(take_events());
		Ok(claims.into_iter().map(|claim| (claim.task, claim)).collect())
	}

	/// The solver's moves: a right one's by the off-chain worker, a lying one's by its own execution.
	fn answer(&self, claim: &Claim) -> Result<(), String> {
		let mut waiting = GamesOf::<Runtime>::get(claim.task).into_inner();
		waiting.retain(|game| {
			Disputes::<Runtime>::get(game)
				.is_some_and(|dispute| dispute.game.mover() == Some(Side::Defender))
		});
		if claim.right && !waiting.is_empty() {
			for action in honest::defend(&claim.solver) {
				let call = action.call;
				send(&claim.solver, call).map_err(|error| format!("{}: {error:?}", action.why))?;
			}
			return Ok(());
		}
		for game in waiting {
			let dispute = Disputes::<Runtime>::get(game).ok_or("it waits")?;
			let table = Table::Open { task: claim.task, game, position: dispute.game.position() };
			let Some(brief) = brief(table) else { continue };
			let own = player(claim.content, claim.version, Side::Defender, None);
			let answer = self.node.with_lore(|lore| lore.answer(own, &brief));
			if let Some(call) = answer.and_then(|answer| call(table, answer)) {
				// What it would be refused for, it does not say.
				let _ = send(&claim.solver, call);
			}
		}
		Ok(())
	}

	/// What a wave's claims came to.
	fn judge(&mut self, claims: &HashMap<TaskId, Claim>) -> Result<(), String> {
		for (task, claim) in claims {
			let count = self.story.counts.get(task).copied().unwrap_or_default();
			let refund = self.story.refunds.get(task).copied().unwrap_or_default();
			let [solver, _] = claim.gains();
			match (claim.right, self.story.fates.get(task)) {
				(true, Some(Fate::Paid(paid)))
					if *paid == claim.price && solver == (claim.price + refund) as i128 =>
				{
					self.summary.paid += 1;
					self.summary.false_games += count.games;
				},
				(false, Some(Fate::Convicted(by))) => {
					self.summary.fallen += 1;
					if self.challengers.iter().any(|c| c.is_wrong && c.who == *by) {
						self.summary.earned += claim.stake() / 10;
					}
				},
				(right, fate) => return Err(format!("task {task}, right: {right}: {fate:?}")),
			}
			self.summary.lost += self.story.bonds.get(task).copied().unwrap_or_default();
			self.summary.games += count.games;
			self.summary.late += count.late;
			self.summary.longest = self.summary.longest.max(count.longest);
			self.summary.claims += 1;
		}
		let is_wrong = |who: &AccountId| self.wrong().any(|wrong| wrong == who);
		if let Some(honest) = self.story.losers.iter().find(|who| !is_wrong(who)) {
			return Err(format!("{honest:?} was right and lost a bond"));
		}
		if Balances::total_issuance() + self.story.burned != self.issued {
			return Err("money came or went".into());
		}
		check_books()
	}

	/// What the wrong challengers have left. What they were paid beyond a tenth of stakes is their costs.
	fn settle(&mut self) -> Result<(), String> {
		let wrong: Vec<_> = self.wrong().cloned().collect();
		if wrong.iter().any(|who| held(who) > 0) || Dispute::do_try_state().is_err() {
			return Err("a bond is still held".into());
		}
		self.summary.left = wrong.iter().map(money).sum();
		let had = PURSE * Balance::from(CHALLENGERS[1]) + self.summary.earned;
		let costs = (self.summary.left + self.summary.lost).checked_sub(had);
		match costs {
			Some(costs) if costs < ASY => Ok(()),
			costs => Err(format!("the wrong challengers' money does not add up: {costs:?}")),
		}
	}
}
