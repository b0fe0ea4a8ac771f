//! Smaller matches that go wrong in the same way.

use super::{
	library::Library,
	scenario::Wanted,
	world::{play, Fault},
};

/// Leaves out of a match that went wrong whatever can be left out of it. A fault that panics is not
/// shrunk.
pub fn shrink(fault: &Fault, wanted: &Wanted, library: &mut Library) -> Wanted {
	let mut best = *wanted;
	let mut fails = |wanted: &Wanted| {
		let played = play(fault.seed, wanted, library);
		played.is_err_and(|other| other.what == fault.what)
	};
	let parts: [fn(&mut Wanted); 5] = [
		|wanted| wanted.without.others = true,
		|wanted| wanted.without.forks = true,
		|wanted| wanted.without.crashes = true,
		|wanted| wanted.without.censorship = true,
		|wanted| wanted.without.replays = true,
	];
	for leave_out in parts {
		let mut smaller = best;
		leave_out(&mut smaller);
		if fails(&smaller) {
			best = smaller;
		}
	}
	for adversaries in [1, 2, 4, 8, 16, 32, 64] {
		let fewer = Wanted { adversaries: Some(adversaries), ..best };
		if best.adversaries.is_none_or(|now| adversaries < now) && fails(&fewer) {
			return fewer;
		}
	}
	best
}
