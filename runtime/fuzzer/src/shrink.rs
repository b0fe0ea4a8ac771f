//! From a long story to the part of it that matters.

/// Most attempts. Each takes about as long as the story did.
const ATTEMPTS: usize = 400;

/// Drops as many as it can while `fails` stays true. What follows the last needed one is dropped first.
pub fn shrink<T: Clone>(mut story: Vec<T>, fails: impl Fn(&[T]) -> bool) -> Vec<T> {
	let mut attempts = 0;
	if !fails(&story) {
		return story;
	}
	let mut chunk = story.len().div_ceil(2);
	while chunk > 0 && attempts < ATTEMPTS {
		let mut at = 0;
		let mut dropped = false;
		while at < story.len() && attempts < ATTEMPTS {
			attempts += 1;
			let end = (at + chunk).min(story.len());
			let rest = [&story[..at], &story[end..]].concat();
			if fails(&rest) {
				story = rest;
				dropped = true;
			} else {
				at = end;
			}
		}
		if chunk == 1 && !dropped {
			break;
		}
		chunk = if chunk == 1 { 1 } else { chunk / 2 };
	}
	story
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shrink_should_leave_what_is_needed() {
		let needed = |some: &[u32]| some.contains(&3) && some.contains(&77);
		assert_eq!(shrink((0..100).collect(), needed), [3, 77]);
		assert_eq!(shrink(vec![1, 2], |_| false), [1, 2]);
	}
}
