//! Calls that move money: balances, treasury, identity deposits, session keys.

use super::{by_root, Scene};
use crate::{
	command::Command,
	people::{account, address},
};
use assay_runtime::{constants::ASY, Runtime};
use polkadot_sdk::{
	pallet_balances::{AdjustmentDirection, Call as Balances},
	pallet_identity::{legacy::IdentityInfo, Call as Identity, Data},
	pallet_session::Call as Session,
	pallet_treasury::Call as Treasury,
};

impl Scene<'_> {
	pub(super) fn money(&mut self) -> Command {
		match self.dice.small(10) {
			0..=5 => self.balances(),
			6..=7 => self.treasury(),
			8 => self.identity(),
			_ => Command::by(self.anyone(), Session::<Runtime>::purge_keys {}),
		}
	}

	fn balances(&mut self) -> Command {
		let (who, other) = (self.anyone(), self.anyone());
		let (dest, value) = (address(other), self.amount());
		let keep_alive = self.dice.percent(50);
		let call: Balances<Runtime> = match self.dice.small(40) {
			0..=9 => Balances::transfer_allow_death { dest, value },
			10..=19 => Balances::transfer_keep_alive { dest, value },
			20 => Balances::transfer_all { dest, keep_alive },
			21..=23 => Balances::burn { value, keep_alive },
			24..=26 => Balances::upgrade_accounts { who: vec![account(other)] },
			27 => Balances::force_unreserve { who: dest, amount: value },
			28 => {
				let direction = AdjustmentDirection::Increase;
				Balances::force_adjust_total_issuance { direction, delta: value }
			},
			29..=34 => {
				let source = address(who);
				return by_root(
					self.dice,
					Balances::<Runtime>::force_transfer { source, dest, value },
				);
			},
			// So that nobody stays poor.
			_ => {
				let new_free = 1_000_000 * ASY;
				let call = Balances::<Runtime>::force_set_balance { who: dest, new_free };
				return by_root(self.dice, call);
			},
		};
		Command::by(who, call)
	}

	fn treasury(&mut self) -> Command {
		let index = self.dice.small(6);
		let beneficiary = self.anyone();
		let amount = u128::from(1 + self.dice.small(100)) * ASY;
		match self.dice.small(8) {
			0 => {
				let call = Treasury::spend_local { amount, beneficiary: address(beneficiary) };
				by_root::<Treasury<Runtime>>(self.dice, call)
			},
			1 => by_root(self.dice, Treasury::<Runtime>::remove_approval { proposal_id: index }),
			2..=3 => {
				let (asset_kind, beneficiary) = (Box::new(()), Box::new(account(beneficiary)));
				let valid_from = self.dice.percent(20).then(|| self.now + 3);
				let call = Treasury::spend { asset_kind, amount, beneficiary, valid_from };
				by_root::<Treasury<Runtime>>(self.dice, call)
			},
			4..=5 => Command::by(self.anyone(), Treasury::<Runtime>::payout { index }),
			6 => Command::by(self.anyone(), Treasury::<Runtime>::check_status { index }),
			_ => by_root(self.dice, Treasury::<Runtime>::void_spend { index }),
		}
	}

	fn identity(&mut self) -> Command {
		let (who, other) = (self.anyone(), self.anyone());
		let name =
			Data::Raw(vec![b'a'; self.dice.small(30) as usize].try_into().unwrap_or_default());
		let call: Identity<Runtime> = match self.dice.small(8) {
			0..=2 => {
				let info = IdentityInfo {
					additional: Default::default(),
					display: name,
					legal: Data::None,
					web: Data::None,
					riot: Data::None,
					email: Data::None,
					pgp_fingerprint: None,
					image: Data::None,
					twitter: Data::None,
				};
				Identity::set_identity { info: Box::new(info) }
			},
			3 => Identity::clear_identity {},
			4 => Identity::set_subs { subs: vec![(account(other), name)] },
			5 => Identity::add_sub { sub: address(other), data: name },
			6 => Identity::remove_sub { sub: address(other) },
			_ => Identity::quit_sub {},
		};
		if self.dice.percent(5) {
			return by_root(
				self.dice,
				Identity::<Runtime>::kill_identity { target: address(other) },
			);
		}
		Command::by(who, call)
	}
}
