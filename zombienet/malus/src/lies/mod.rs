//! One lie per file.

mod accuse;
mod backward;
mod forward;
mod optimiser;
mod partials;
mod silent;
mod steps;
mod trace;
mod withhold;

pub(crate) use accuse::Accuse;
pub(crate) use backward::Backward;
pub(crate) use forward::Forward;
pub(crate) use optimiser::Optimiser;
pub(crate) use partials::Partials;
pub(crate) use silent::Silent;
pub(crate) use steps::Steps;
pub(crate) use trace::Trace;
pub(crate) use withhold::Withhold;

use assay_dispute_game::Root;

/// Makes a hash one that nothing hashes to.
fn spoil(root: &mut Root) {
	root[0] ^= 1;
}
