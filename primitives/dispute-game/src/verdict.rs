//! Moves that end a game.

use crate::{
	Block, Committed, Fault, GameError, Level, List, Malformed, OneStep, Outcome, Params, Phase,
	Root, Shown, Span, Spot, Verdict,
};

/// `prefix_fault`: the same leaf has one value in a heartbeat and another in the claim.
pub(crate) fn prefix_fault<S: OneStep>(
	params: &Params,
	heartbeat: u32,
	leaf: u32,
	[in_heartbeat, in_claim]: [&Shown; 2],
	one_step: &S,
) -> Result<Phase, GameError> {
	let prefix = one_step.heartbeat(heartbeat).ok_or(GameError::LeafOutOfRange)?;
	let prefix = Committed { list: List::Claim, len: prefix.leaves, root: prefix.root };
	prefix.check(leaf, &in_heartbeat.leaf, &in_heartbeat.path, one_step)?;
	let claim = Level::Claim.committed(params);
	claim.check(leaf, &in_claim.leaf, &in_claim.path, one_step)?;
	if in_heartbeat.leaf == in_claim.leaf {
		return Err(GameError::NoFault);
	}
	Ok(over(Outcome::Convicted(Fault::Prefix)))
}

/// `join_fault`: what is shown must be a fault; a join that is in order is no move at all.
pub(crate) fn join_fault<S: OneStep>(
	step: &Span,
	trace: &Root,
	join: &S::Join,
	one_step: &S,
) -> Result<Phase, GameError> {
	match one_step.judge_join(step, trace, join) {
		Ok(Verdict::Wrong) => Ok(over(Outcome::Convicted(Fault::Join))),
		Ok(Verdict::Correct) => Err(GameError::NoFault),
		Err(Malformed) => Err(GameError::ProofInvalid),
	}
}

/// The referee's verdict over a tile or a block of it, whoever brought the evidence.
pub(crate) fn judge<S: OneStep>(
	spot: &Spot,
	block: Option<&Block>,
	evidence: &S::Evidence,
	one_step: &S,
) -> Result<Phase, GameError> {
	match one_step.judge(spot, block, evidence) {
		Ok(Verdict::Wrong) => Ok(over(Outcome::Convicted(Fault::Tile))),
		Ok(Verdict::Correct) => Ok(over(Outcome::Acquitted)),
		Err(Malformed) => Err(GameError::ProofInvalid),
	}
}

/// `concede`.
pub(crate) fn conceded() -> Phase {
	over(Outcome::Conceded)
}

fn over(outcome: Outcome) -> Phase {
	Phase::Over { outcome }
}
