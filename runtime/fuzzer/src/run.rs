//! Runs: many short lives of a chain, in threads.

use crate::{
	command::Command,
	fault::{guarded, Fault},
	generate::Generator,
	report::Report,
	shrink::shrink,
	transaction,
	world::{Outcome, World},
};
use assay_runtime::System;
use std::{
	sync::{
		atomic::{AtomicU64, Ordering},
		Mutex, PoisonError,
	},
	thread,
	time::Instant,
};

/// Calls in the life of one chain. Longer lives are slower, because there is more to check.
const LIFE: u64 = 2_000;
/// Calls between two counts of everything.
const AUDIT: u64 = 500;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
	/// Calls in all.
	pub calls: u64,
	/// Decides everything that happens.
	pub seed: u64,
	/// Threads; what happens does not depend on them.
	pub threads: usize,
	/// Calls between two lines about how far it is; 0 for none.
	pub progress: u64,
	/// Minutes after which no further chain begins; 0 for no limit.
	pub minutes: u64,
	/// How a chain begins.
	pub begin: fn() -> Result<World, Fault>,
}

/// How far a run is.
struct Progress {
	begin: Instant,
	calls: AtomicU64,
	every: u64,
}

impl Progress {
	fn new(every: u64) -> Self {
		Self { begin: Instant::now(), calls: AtomicU64::new(0), every }
	}

	fn is_over(&self, minutes: u64) -> bool {
		minutes > 0 && self.begin.elapsed().as_secs() >= minutes.saturating_mul(60)
	}

	fn add(&self, calls: u64) {
		let before = self.calls.fetch_add(calls, Ordering::Relaxed);
		let now = before + calls;
		if now.checked_div(self.every) > before.checked_div(self.every) {
			let seconds = self.begin.elapsed().as_secs_f64();
			eprintln!("calls={now} seconds={seconds:.0} calls_per_s={:.0}", now as f64 / seconds);
		}
	}
}

/// What was found.
#[derive(Debug)]
pub struct Finding {
	/// Which of the chains of the seed.
	pub life: u64,
	/// The fault.
	pub fault: Fault,
	/// Commands up to the fault.
	pub commands: usize,
	/// Some of them that are enough to cause it.
	pub shortest: Vec<Command>,
}

/// A command, and whether it can have changed anything.
type Note = (Command, bool);

/// Lives through `calls` calls of one chain. Where `record` is given, the commands go there.
fn live(
	plan: &Plan,
	life: u64,
	calls: u64,
	report: &mut Report,
	mut record: Option<&mut Vec<Note>>,
) -> Result<(), Fault> {
	let mut world = (plan.begin)()?;
	let mut generator = Generator::new(plan.seed, life);
	let mut made = 0;
	while made < calls {
		let store = &mut world.store;
		let command = guarded(|| store.with(|| generator.choose()))?;
		if let Some(record) = &mut record {
			record.push((command.clone(), true));
		}
		let outcome = world.apply(&command)?;
		let refused = matches!(outcome, Outcome::Refused(_) | Outcome::Invalid);
		if let Some((_, matters)) = record.as_mut().and_then(|record| record.last_mut()) {
			*matters = !refused;
		}
		let now = world.store.with(System::block_number);
		generator.model.learn(&world.events, now);
		if let Command::Call { call, .. } = &command {
			made += 1;
			report.count(call, matches!(outcome, Outcome::Accepted));
			if made % AUDIT == 0 {
				world.audit()?;
			}
		} else {
			report.blocks += 1;
		}
	}
	world.audit()
}

/// Runs a plan. Stops at the first fault of each thread.
pub fn run(plan: Plan) -> Report {
	let progress = Progress::new(plan.progress);
	let lives = plan.calls.div_ceil(LIFE);
	let next = AtomicU64::new(0);
	let all = Mutex::new(Report::default());
	thread::scope(|scope| {
		for _ in 0..plan.threads.max(1) {
			scope.spawn(|| {
				let mut report = Report::default();
				loop {
					let life = next.fetch_add(1, Ordering::Relaxed);
					if life >= lives || progress.is_over(plan.minutes) {
						break;
					}
					let calls = LIFE.min(plan.calls - life * LIFE);
					if let Err(fault) = live(&plan, life, calls, &mut report, None) {
						eprintln!("life={life}: {fault}");
						report.findings.push(find(&plan, life, calls, fault));
						break;
					}
					progress.add(calls);
				}
				all.lock().unwrap_or_else(PoisonError::into_inner).merge(report);
			});
		}
	});
	let mut report = all.into_inner().unwrap_or_else(PoisonError::into_inner);
	report.seconds = progress.begin.elapsed().as_secs_f64();
	report
}

/// Lives through it again, taking notes, and looks for fewer commands that do the same.
fn find(plan: &Plan, life: u64, calls: u64, fault: Fault) -> Finding {
	let mut notes = Vec::new();
	let again = live(plan, life, calls, &mut Report::default(), Some(&mut notes));
	let fault = again.err().unwrap_or(fault);
	let (all, matters): (Vec<_>, Vec<_>) = notes.into_iter().unzip();
	let accepted = all.iter().zip(matters).filter(|(_, matters)| *matters);
	let accepted: Vec<_> = accepted.map(|(command, _)| command.clone()).collect();
	let same = |found: Option<Fault>| found.is_some_and(|found| found.same(&fault));
	let audited = !same(replay(plan, &all, false));
	let fails = |some: &[Command]| same(replay(plan, some, audited));
	let commands = all.len();
	let shortest = shrink(if fails(&accepted) { accepted } else { all }, fails);
	Finding { life, fault, commands, shortest }
}

/// Executes commands on a new chain; returns the first fault.
fn replay(plan: &Plan, commands: &[Command], audited: bool) -> Option<Fault> {
	let mut world = match (plan.begin)() {
		Ok(world) => world,
		Err(fault) => return Some(fault),
	};
	for command in commands {
		if let Err(fault) = world.apply(command) {
			return Some(fault);
		}
	}
	audited.then(|| world.audit().err()).flatten()
}

/// What a call is called in reports.
pub(crate) fn label(call: &assay_runtime::RuntimeCall) -> (&'static str, &'static str) {
	transaction::names(call)
}
