//! One scene for each call that a stranger can send: a chain on which it can be made very often.

mod dispute;
mod market;
mod stake;
mod tick;
mod tiles;

use crate::{chain::Chain, pack::Prepared, people::Person};
use assay_runtime::{constants::ASY, RuntimeCall};

/// Money for fees and stakes of those who send much.
const PURSE: u128 = 1_000_000 * ASY;

/// A call, and how to come to where it can be made.
pub struct Scene {
	/// Pallet and call, and what is special.
	pub name: String,
	prepare: Box<dyn Fn() -> Prepared>,
}

impl Scene {
	fn new(name: impl Into<String>, prepare: impl Fn() -> Prepared + 'static) -> Self {
		Self { name: name.into(), prepare: Box::new(prepare) }
	}

	/// The chain and the calls.
	pub fn prepare(&self) -> Prepared {
		(self.prepare)()
	}
}

/// All scenes.
pub fn all() -> Vec<Scene> {
	let mut scenes = vec![Scene::new("empty", || Prepared { chain: Chain::new(), calls: vec![] })];
	scenes.extend(stake::scenes());
	scenes.extend(market::scenes());
	scenes.extend(dispute::scenes());
	scenes.extend(tiles::scenes());
	scenes.extend(tick::scenes());
	scenes
}

/// So many people with money.
fn crowd(chain: &mut Chain, name: &str, count: u32) -> Vec<Person> {
	let person = |number| Person::new(name, number);
	let crowd: Vec<_> = (0..count).map(person).collect();
	for who in &crowd {
		chain.fund(&who.account(), PURSE);
	}
	crowd
}

/// The same call by each of them.
fn each(crowd: Vec<Person>, call: impl Into<RuntimeCall>) -> Vec<(Person, RuntimeCall)> {
	let call = call.into();
	crowd.into_iter().map(|who| (who, call.clone())).collect()
}
