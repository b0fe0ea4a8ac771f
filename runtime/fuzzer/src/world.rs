//! A chain in memory: executes commands and checks every rule after each.

use crate::{
	block,
	checks::{audit, issuance_change, paying_may_change, told_burns, Books, Ledger},
	command::{Command, Origin, Way},
	fault::{guarded, Fault, Rule},
	genesis, people,
	store::Store,
	transaction,
};
use assay_runtime::{configs::BlockWeights, Balance, Balances, RuntimeCall, RuntimeEvent, System};
use polkadot_sdk::{
	frame_support::{
		dispatch::{DispatchClass, DispatchErrorWithPostInfo, GetDispatchInfo, PostDispatchInfo},
		weights::Weight,
	},
	pallet_session,
	sp_runtime::{traits::Dispatchable, DispatchError, DispatchResultWithInfo},
};

/// What became of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
	/// A call did what it says.
	Accepted,
	/// A call was refused.
	Refused(DispatchError),
	/// A transaction was invalid, so that no block would have had it.
	Invalid,
	/// A block began.
	Begun,
}

/// What the runtime answered to a call.
pub type Answer = DispatchResultWithInfo<PostDispatchInfo>;

/// Executes a call. Tests plant faults here.
pub type Executor = fn(RuntimeCall, Origin) -> Answer;

fn dispatch(call: RuntimeCall, origin: Origin) -> Answer {
	call.dispatch(origin.runtime())
}

/// What is known about a call when it was executed.
struct Done {
	outcome: Outcome,
	said: Weight,
	weighed: Option<Weight>,
}

/// A chain, within a block.
pub struct World {
	/// Its storage.
	pub store: Store,
	/// The events of the latest command.
	pub events: Vec<RuntimeEvent>,
	ledger: Ledger,
	books: Books,
	issuance: Balance,
	slot: u64,
	/// Whether a session began in this block.
	rotated: bool,
	executor: Executor,
}

impl World {
	/// The local test network in its first block.
	pub fn new() -> Result<Self, Fault> {
		Self::with_executor(dispatch)
	}

	/// As [`Self::new`], with another way to execute calls.
	pub fn with_executor(executor: Executor) -> Result<Self, Fault> {
		let mut store = Store::new(genesis::rows().clone());
		let ledger = Ledger::count(&store);
		let issuance = store.with(Balances::total_issuance);
		let mut world = Self {
			store,
			events: Vec::new(),
			ledger,
			books: Books::default(),
			issuance,
			slot: block::FIRST_SLOT,
			rotated: false,
			executor,
		};
		world.begin(1)?;
		Ok(world)
	}

	/// Executes a command.
	pub fn apply(&mut self, command: &Command) -> Result<Outcome, Fault> {
		self.events.clear();
		match command {
			Command::Block { ahead } => {
				self.end()?;
				self.begin(*ahead)?;
				Ok(Outcome::Begun)
			},
			Command::Call { origin, way, call } => self.call(*origin, *way, call),
		}
	}

	/// The slow checks.
	pub fn audit(&mut self) -> Result<(), Fault> {
		self.books.forget();
		self.books.check(&mut self.store, &self.ledger)?;
		audit(&mut self.store, &self.ledger)
	}

	fn end(&mut self) -> Result<(), Fault> {
		let store = &mut self.store;
		guarded(|| store.with(block::end))?;
		self.after_hooks("on_finalize")
	}

	fn begin(&mut self, ahead: u32) -> Result<(), Fault> {
		self.slot += 1;
		self.rotated = false;
		let slot = self.slot;
		let store = &mut self.store;
		let begun = guarded(|| store.with(|| block::begin(ahead, slot)))?;
		if begun != Ok(Ok(())) {
			return Err(Fault::new(Rule::Bookkeeping, "timestamp", format!("{begun:?}")));
		}
		self.after_hooks("on_initialize")
	}

	/// The hooks of our pallets may burn and nothing else; those of the stock ones are believed in what
	/// the balances pallet says of them.
	fn after_hooks(&mut self, place: &'static str) -> Result<(), Fault> {
		self.read_events();
		self.check_money(place)?;
		self.take_note()?;
		self.check_block(place)
	}

	fn call(&mut self, origin: Origin, way: Way, call: &RuntimeCall) -> Result<Outcome, Fault> {
		let (_, name) = transaction::names(call);
		let done = self.execute(origin, way, call)?;
		if let Some(weighed) = done.weighed.filter(|weighed| !weighed.all_lte(done.said)) {
			let detail = format!("{weighed} after, {} before", done.said);
			return Err(Fault::new(Rule::WeightIsBound, name, detail));
		}
		let paid = way == Way::Transaction && done.outcome != Outcome::Invalid;
		if !matches!(done.outcome, Outcome::Accepted) {
			self.check_unchanged(name, paid)?;
			if !paid {
				return Ok(done.outcome);
			}
		}
		self.read_events();
		let burns = self.check_money(name)?;
		if transaction::is_ours(call) && !paid && burns != told_burns(&self.events) {
			let detail = format!("{burns} burned, {} told", told_burns(&self.events));
			return Err(Fault::new(Rule::BurnsAreTold, name, detail));
		}
		self.take_note()?;
		if paid {
			self.check_block(name)?;
		}
		Ok(done.outcome)
	}

	fn execute(&mut self, origin: Origin, way: Way, call: &RuntimeCall) -> Result<Done, Fault> {
		let executor = self.executor;
		let store = &mut self.store;
		store.settle();
		let info = call.get_dispatch_info();
		let call = call.clone();
		match (way, origin) {
			(Way::Transaction, Origin::Signed(who)) => {
				let said = transaction::said(&call);
				let sent =
					guarded(|| store.with(|| transaction::send(&people::account(who), call)))?;
				let Ok(answer) = sent else {
					return Ok(Done { outcome: Outcome::Invalid, said, weighed: None });
				};
				Ok(done(answer, said))
			},
			_ => {
				let answer = guarded(|| store.with(|| executor(call, origin)))?;
				Ok(done(answer, info.call_weight))
			},
		}
	}

	fn check_unchanged(&self, name: &str, paid: bool) -> Result<(), Fault> {
		let changes = self.store.changes();
		let Some(change) = changes.iter().find(|change| !paid || !paying_may_change(change)) else {
			return Ok(());
		};
		let detail = format!("{change:?}");
		Err(Fault::new(Rule::RefusedChangesNothing, name, detail))
	}

	fn read_events(&mut self) {
		let events = self.store.with(block::take_events);
		let new = |event: &RuntimeEvent| {
			matches!(event, RuntimeEvent::Session(pallet_session::Event::NewSession { .. }))
		};
		self.rotated |= events.iter().any(new);
		self.events.extend(events);
	}

	/// Returns what was burned, less what was minted.
	fn check_money(&mut self, place: &str) -> Result<Balance, Fault> {
		for change in self.store.changes() {
			self.ledger.note(&change);
			self.books.note(&change);
		}
		let before = self.issuance;
		self.issuance = self.store.with(Balances::total_issuance);
		if self.ledger.total != self.issuance {
			let detail = format!("{} in accounts, {} issued", self.ledger.total, self.issuance);
			return Err(Fault::new(Rule::BalancesAreIssuance, place, detail));
		}
		let burned = before.wrapping_sub(self.issuance);
		let told = issuance_change(&self.events).wrapping_neg();
		if burned != told {
			let detail = format!("{burned} burned, {told} told");
			return Err(Fault::new(Rule::IssuanceFollowsEvents, place, detail));
		}
		Ok(burned)
	}

	fn take_note(&mut self) -> Result<(), Fault> {
		self.store.settle();
		self.books.check(&mut self.store, &self.ledger)
	}

	/// Two things may go beyond the limit: the part that is reserved for operational calls, and the whole
	/// block that the session pallet asks for where a session begins.
	fn check_block(&mut self, place: &str) -> Result<(), Fault> {
		let consumed = self.store.with(System::block_weight);
		let limits = BlockWeights::get();
		let reserve = limits.get(DispatchClass::Operational).reserved.unwrap_or_default();
		let lane = consumed.get(DispatchClass::Operational).min(reserve);
		let weight = consumed.total().saturating_sub(lane);
		let most = limits.max_block.saturating_mul(1 + u64::from(self.rotated));
		if weight.all_lte(most) {
			return Ok(());
		}
		Err(Fault::new(Rule::BlockIsBound, place, format!("{weight} of {most}")))
	}
}

fn done(answer: Answer, said: Weight) -> Done {
	let (outcome, info) = match answer {
		Ok(info) => (Outcome::Accepted, info),
		Err(DispatchErrorWithPostInfo { post_info, error }) => (Outcome::Refused(error), post_info),
	};
	Done { outcome, said, weighed: info.actual_weight }
}
