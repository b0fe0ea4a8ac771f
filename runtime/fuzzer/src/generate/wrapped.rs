//! Calls around calls: batches, proxies, multisigs, the sudo key.

use super::{by_root, Scene};
use crate::{
	command::{Command, Origin},
	people::{account, address, Person, COUNT, SUDO},
};
use assay_runtime::{configs::ProxyType, AccountId, OriginCaller, Runtime, RuntimeCall};
use codec::Encode;
use polkadot_sdk::{
	frame_support::weights::Weight,
	frame_system,
	pallet_multisig::{Call as Multisig, Multisigs, Timepoint},
	pallet_proxy::Call as Proxy,
	pallet_sudo::Call as Sudo,
	pallet_utility::Call as Utility,
	sp_core::H256,
	sp_io::hashing::blake2_256,
};

/// What the calls within may weigh, where it has to be said.
const MOST: Weight = Weight::from_parts(1_000_000_000_000, u64::MAX / 2);

impl Scene<'_> {
	pub(super) fn wrapped(&mut self) -> Command {
		match self.dice.small(4) {
			0 => self.utility(),
			1 => self.proxy(),
			2 => self.multisig(),
			_ => self.sudo(),
		}
	}

	/// Any call that makes sense.
	fn inner(&mut self) -> (Person, RuntimeCall) {
		match self.dice.small(3) {
			0 => self.market(),
			1 => self.stake(),
			_ => {
				let remark = frame_system::Call::remark { remark: vec![1] };
				(self.anyone(), remark.into())
			},
		}
	}

	fn utility(&mut self) -> Command {
		let (who, first) = self.inner();
		let second = self.inner().1;
		let calls = vec![first.clone(), second.clone()];
		let call = Box::new(first);
		let as_origin: Box<OriginCaller> =
			Box::new(frame_system::RawOrigin::Signed(account(who)).into());
		let call: Utility<Runtime> = match self.dice.small(8) {
			0 => Utility::batch { calls },
			1 => Utility::batch_all { calls },
			2 => Utility::force_batch { calls },
			3 => Utility::as_derivative { index: self.dice.small(3) as u16, call },
			4 => return by_root(self.dice, Utility::<Runtime>::dispatch_as { as_origin, call }),
			5 => {
				return by_root(
					self.dice,
					Utility::<Runtime>::dispatch_as_fallible { as_origin, call },
				)
			},
			6 => return by_root(self.dice, Utility::<Runtime>::with_weight { call, weight: MOST }),
			_ => Utility::if_else { main: call, fallback: Box::new(second) },
		};
		Command::by(who, call)
	}

	/// A delegate of a person, always the same one, so that what is allowed is used.
	fn delegate(who: Person) -> Person {
		(who + 1) % COUNT
	}

	fn proxy(&mut self) -> Command {
		let (real, call) = self.inner();
		let delegate = Self::delegate(real);
		let proxy_type =
			self.dice.one_of([ProxyType::Any, ProxyType::NonTransfer, ProxyType::Staking]);
		let delay = self.dice.one_of([0, 0, 0, 2]);
		let call_hash = H256(blake2_256(&call.encode()));
		let boxed = Box::new(call);
		let (who, call): (Person, Proxy<Runtime>) = match self.dice.small(14) {
			0..=2 => (
				delegate,
				Proxy::proxy { real: address(real), force_proxy_type: None, call: boxed },
			),
			3..=5 => (real, Proxy::add_proxy { delegate: address(delegate), proxy_type, delay }),
			6 => (real, Proxy::remove_proxy { delegate: address(delegate), proxy_type, delay }),
			7 if self.dice.percent(30) => (real, Proxy::remove_proxies {}),
			8 => {
				let index = self.dice.small(2) as u16;
				(real, Proxy::create_pure { proxy_type, delay, index })
			},
			9 => (delegate, Proxy::announce { real: address(real), call_hash }),
			10 => (delegate, Proxy::remove_announcement { real: address(real), call_hash }),
			11 => (real, Proxy::reject_announcement { delegate: address(delegate), call_hash }),
			12 => {
				let (delegate, real) = (address(delegate), address(real));
				let force_proxy_type = None;
				let call = Proxy::proxy_announced { delegate, real, force_proxy_type, call: boxed };
				(self.anyone(), call)
			},
			_ => (real, Proxy::poke_deposit {}),
		};
		Command::by(who, call)
	}

	/// The multisig of the first three persons, about one of a few calls.
	fn multisig(&mut self) -> Command {
		let who = self.dice.small(3) as Person;
		let mut others: Vec<AccountId> =
			(0..3).filter(|other| *other != who).map(account).collect();
		others.sort();
		let remark = frame_system::Call::remark { remark: vec![self.dice.small(2) as u8] };
		let call: RuntimeCall = remark.into();
		let call_hash = blake2_256(&call.encode());
		let begun = begun(&call_hash);
		let odd = self.dice.percent(5).then_some(Timepoint { height: self.now, index: 0 });
		let maybe_timepoint = odd.or(begun);
		let (threshold, other_signatories) = (2, others);
		let call = Box::new(call);
		let call: Multisig<Runtime> = match self.dice.small(8) {
			0 => {
				Multisig::as_multi_threshold_1 { other_signatories, call: Box::new(self.inner().1) }
			},
			1..=3 => Multisig::as_multi {
				threshold,
				other_signatories,
				maybe_timepoint,
				call,
				max_weight: MOST,
			},
			4..=5 => Multisig::approve_as_multi {
				threshold,
				other_signatories,
				maybe_timepoint,
				call_hash,
				max_weight: MOST,
			},
			6 => {
				let timepoint = maybe_timepoint.unwrap_or(Timepoint { height: self.now, index: 0 });
				Multisig::cancel_as_multi { threshold, other_signatories, timepoint, call_hash }
			},
			_ => Multisig::poke_deposit { threshold, other_signatories, call_hash },
		};
		Command::by(who, call)
	}

	fn sudo(&mut self) -> Command {
		let (who, call) = self.inner();
		let call = Box::new(call);
		let call: Sudo<Runtime> = match self.dice.small(6) {
			0 => Sudo::sudo { call },
			1 => Sudo::sudo_unchecked_weight { call, weight: MOST },
			2..=4 => Sudo::sudo_as { who: address(who), call },
			_ => Sudo::set_key { new: address(SUDO) },
		};
		let sender = if self.dice.percent(85) { SUDO } else { self.anyone() };
		Command::call(Origin::Signed(sender), call)
	}
}

/// When somebody began to ask for a call.
fn begun(call_hash: &[u8; 32]) -> Option<Timepoint<assay_runtime::BlockNumber>> {
	let rows = Multisigs::<Runtime>::iter();
	let mut found = rows.filter(|(_, hash, _)| hash == call_hash).map(|(_, _, row)| row.when);
	found.next()
}
