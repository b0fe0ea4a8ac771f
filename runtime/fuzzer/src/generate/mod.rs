//! Chooses what happens next: mostly what makes sense, often enough what does not.

mod dispute;
mod hostile;
mod market;
mod money;
mod names;
mod permitted;
mod stake;
mod staking;
mod time;
mod wrapped;

pub use dispute::{call as move_call, opening as opening_call};
pub use market::post_call;
pub use names::all_calls;
pub use permitted::permitted;

use crate::{
	command::{Command, Origin, Way},
	dice::Dice,
	model::Model,
	people::{Person, COUNT, SUDO},
};
use assay_runtime::{constants::ASY, Balance, BlockNumber, Runtime, RuntimeCall, System};

/// A call and who would make it.
pub(crate) type Sent = (Person, RuntimeCall);

/// Chooses commands. Its choices depend on the seed and on the chain.
pub struct Generator {
	dice: Dice,
	/// What it remembers.
	pub model: Model,
}

/// What a choice depends on, within the storage of the chain.
pub(crate) struct Scene<'a> {
	pub(crate) dice: &'a mut Dice,
	pub(crate) model: &'a mut Model,
	pub(crate) now: BlockNumber,
}

impl Generator {
	/// A generator for one of the chains that a seed makes.
	pub fn new(seed: u64, stream: u64) -> Self {
		Self { dice: Dice::new(seed, stream), model: Model::default() }
	}

	/// The next command. Called within the storage of the chain.
	pub fn choose(&mut self) -> Command {
		self.model.playing = None;
		let now = System::block_number();
		let mut scene = Scene { dice: &mut self.dice, model: &mut self.model, now };
		loop {
			let command = scene.command();
			match &command {
				Command::Call { origin, call, .. } if !permitted(call, *origin) => (),
				_ => return command,
			}
		}
	}
}

impl Scene<'_> {
	fn command(&mut self) -> Command {
		let command = match self.dice.small(100) {
			0..=7 => self.block(),
			8..=49 => self.market().into(),
			50..=62 => self.stake().into(),
			63..=69 => self.money(),
			70..=76 => self.staking(),
			77..=81 => self.wrapped(),
			82..=87 => self.any_of_ours(),
			88..=92 => self.mutated(),
			93..=95 => self.random(),
			_ => self.misplaced(),
		};
		command.through(self.dice)
	}

	/// A call that makes sense, by somebody for whom it need not.
	fn misplaced(&mut self) -> Command {
		let (_, call) = self.market();
		Command::call(self.any_origin(), call)
	}

	/// Anybody.
	pub(crate) fn anyone(&mut self) -> Person {
		self.dice.below(COUNT.into()) as Person
	}

	/// Any origin, mostly an account.
	pub(crate) fn any_origin(&mut self) -> Origin {
		match self.dice.small(10) {
			0 => Origin::None,
			1 => Origin::Root,
			_ => Origin::Signed(self.anyone()),
		}
	}

	/// An amount: often one that fits, sometimes one on the edge of a number or of the rules.
	pub(crate) fn amount(&mut self) -> Balance {
		let edges =
			[0, 1, ASY / 100, ASY / 100 - 1, ASY, 100 * ASY, Balance::MAX, Balance::MAX / 2];
		match self.dice.small(8) {
			0 => self.dice.one_of(edges),
			1 => self.dice.any().into(),
			2 => Balance::from(self.dice.small(1_000_000)) * ASY,
			_ => {
				Balance::from(1 + self.dice.small(2_000)) * ASY + Balance::from(self.dice.small(3))
			},
		}
	}
}

impl From<Sent> for Command {
	fn from((who, call): Sent) -> Self {
		Self::by(who, call)
	}
}

impl Command {
	/// Some of the calls become transactions.
	fn through(mut self, dice: &mut Dice) -> Self {
		if let Self::Call { origin: Origin::Signed(_), way, .. } = &mut self {
			if dice.percent(8) {
				*way = Way::Transaction;
			}
		}
		self
	}
}

/// Root's call, directly or by the sudo key.
pub(crate) fn by_root<Call: Into<RuntimeCall>>(dice: &mut Dice, call: Call) -> Command {
	let call = call.into();
	if dice.percent(80) {
		return Command::call(Origin::Root, call);
	}
	let call = Box::new(call);
	Command::by(SUDO, polkadot_sdk::pallet_sudo::Call::<Runtime>::sudo { call })
}
