//! Calls of the stock staking pallet and its voter list.

use super::{by_root, Scene};
use crate::{
	command::Command,
	people::{account, address, STASHES},
};
use assay_runtime::{AccountId, Balance, Runtime};
use polkadot_sdk::{
	pallet_bags_list::Call as Voters,
	pallet_staking::{ActiveEra, Call, ConfigOp, RewardDestination, ValidatorPrefs},
	sp_runtime::{Perbill, Percent},
};

impl Scene<'_> {
	pub(super) fn staking(&mut self) -> Command {
		match self.dice.small(10) {
			0 => self.voters(),
			1..=2 => self.staking_by_root(),
			3..=4 => self.about_others(),
			_ => self.own_stake(),
		}
	}

	/// An account, more often than others one of a validator.
	fn staker(&mut self) -> AccountId {
		let stash = self.dice.one_of(STASHES);
		account(if self.dice.percent(40) { stash } else { self.anyone() })
	}

	fn payee(&mut self) -> RewardDestination<AccountId> {
		match self.dice.small(4) {
			0 => RewardDestination::Staked,
			1 => RewardDestination::Stash,
			2 => RewardDestination::None,
			_ => RewardDestination::Account(account(self.anyone())),
		}
	}

	fn own_stake(&mut self) -> Command {
		let who = self.anyone();
		let value: Balance = self.amount();
		let call: Call<Runtime> = match self.dice.small(20) {
			0..=2 => Call::bond { value, payee: self.payee() },
			3..=4 => Call::bond_extra { max_additional: value },
			5..=7 => Call::unbond { value },
			8..=9 => Call::withdraw_unbonded { num_slashing_spans: self.dice.small(3) },
			10 => {
				let commission = Perbill::from_percent(self.dice.small(100));
				Call::validate { prefs: ValidatorPrefs { commission, blocked: false } }
			},
			11..=13 => Call::nominate { targets: vec![self.staker().into()] },
			14 => Call::chill {},
			15 => Call::set_payee { payee: self.payee() },
			16 => Call::set_controller {},
			17..=18 => Call::rebond { value },
			_ => Call::kick { who: vec![self.staker().into()] },
		};
		Command::by(who, call)
	}

	fn about_others(&mut self) -> Command {
		let stash = self.staker();
		let active = ActiveEra::<Runtime>::get().map_or(0, |era| era.index);
		let era = active.saturating_sub(self.dice.small(4));
		let call: Call<Runtime> = match self.dice.small(8) {
			0..=2 => Call::payout_stakers { validator_stash: stash, era },
			3 => Call::payout_stakers_by_page { validator_stash: stash, era, page: 0 },
			4 => Call::reap_stash { stash, num_slashing_spans: self.dice.small(3) },
			5 => Call::chill_other { stash },
			6 => Call::force_apply_min_commission { validator_stash: stash },
			_ if self.dice.percent(50) => Call::update_payee { controller: stash },
			_ => Call::migrate_currency { stash },
		};
		Command::by(self.anyone(), call)
	}

	fn staking_by_root(&mut self) -> Command {
		let stash = self.staker();
		let era = ActiveEra::<Runtime>::get().map_or(0, |era| era.index);
		let call: Call<Runtime> = match self.dice.small(16) {
			0 => Call::set_validator_count { new: 1 + self.dice.small(6) },
			1 => Call::increase_validator_count { additional: self.dice.small(3) },
			2 => Call::scale_validator_count { factor: Percent::from_percent(10) },
			3 => Call::force_no_eras {},
			4 => Call::force_new_era {},
			5 => Call::force_new_era_always {},
			6 => Call::set_invulnerables { invulnerables: vec![stash] },
			7 if self.dice.percent(10) => Call::force_unstake { stash, num_slashing_spans: 0 },
			8 => Call::cancel_deferred_slash { era, slash_indices: vec![0] },
			9 => Call::set_min_commission { new: Perbill::from_percent(self.dice.small(20)) },
			10 => {
				let controllers = vec![stash].try_into().unwrap_or_default();
				Call::deprecate_controller_batch { controllers }
			},
			11 => {
				let slash_fraction = Perbill::from_percent(self.dice.small(10));
				Call::manual_slash { validator_stash: stash, era, slash_fraction }
			},
			12..=13 => Call::set_staking_configs {
				min_nominator_bond: ConfigOp::Noop,
				min_validator_bond: ConfigOp::Noop,
				max_nominator_count: ConfigOp::Set(20),
				max_validator_count: ConfigOp::Set(20),
				chill_threshold: ConfigOp::Set(Percent::from_percent(10)),
				min_commission: ConfigOp::Noop,
				max_staked_rewards: ConfigOp::Noop,
			},
			_ => Call::force_new_era_always {},
		};
		by_root(self.dice, call)
	}

	fn voters(&mut self) -> Command {
		let (who, other) = (self.anyone(), self.anyone());
		let call: Voters<Runtime> = match self.dice.small(3) {
			0 => Voters::rebag { dislocated: address(other) },
			1 => Voters::put_in_front_of { lighter: address(other) },
			_ => Voters::put_in_front_of_other { heavier: address(who), lighter: address(other) },
		};
		Command::by(who, call)
	}
}
