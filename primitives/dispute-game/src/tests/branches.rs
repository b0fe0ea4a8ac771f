//! Bisection: what is revealed must be what was committed to.

use alloc::vec::Vec;

use super::{honest, toy};
use crate::{rules, strategy::Known, Children, GameError, Level, List, Move, Phase, Root, Run};

#[test]
fn bisect_should_be_refused_when_children_are_not_those_of_the_branch() {
	let toy = toy();
	let own = honest(&toy).execution;
	let params = toy.params(own.claim_root());
	let known = Known::complete(List::Claim, own.claim.clone(), &toy);
	let (level, run) = (Level::Claim, Run::whole(params.leaves()));
	let bisect = |children: Vec<Root>| {
		let phase = Phase::Bisect { level, run, hash: known.root() };
		let children: Children = children.try_into().unwrap();
		rules::answer(&params, &phase, &Move::Bisect { children }, &toy)
	};
	let children = known.children(run, &toy).unwrap().to_vec();
	assert!(matches!(bisect(children.clone()), Ok(Phase::Pick { .. })));
	for index in 0..children.len() {
		let mut forged = children.clone();
		forged[index][0] ^= 1;
		assert_eq!(bisect(forged), Err(GameError::ProofInvalid), "child {index}");
	}
	let mut swapped = children.clone();
	swapped.swap(0, 1);
	assert_eq!(bisect(swapped), Err(GameError::ProofInvalid));
	assert_eq!(bisect(children[1..].to_vec()), Err(GameError::ProofInvalid));
}
