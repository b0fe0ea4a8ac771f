//! The claim: which states a solver commits to.

/// Number of committed states of a run: Σ₀, one after every `stride` steps, and the last. `None` for a
/// stride of 0 or when there would be 2³² or more.
pub fn states_len(steps: u64, stride: u32) -> Option<u32> {
	if stride == 0 {
		return None;
	}
	u32::try_from(steps.div_ceil(stride.into())).ok()?.checked_add(1)
}

/// Steps done at committed state `index`: the last stride may be shorter. `None` when there is no such
/// state.
pub fn step_of_state(index: u32, steps: u64, stride: u32) -> Option<u64> {
	let exists = index < states_len(steps, stride)?;
	exists
		.then(|| u64::from(index).checked_mul(stride.into()))
		.flatten()
		.map(|step| step.min(steps))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn states_should_end_at_the_last_step_when_stride_does_not_divide() {
		assert_eq!(states_len(10, 4), Some(4));
		let steps: Vec<_> = (0..5).map(|index| step_of_state(index, 10, 4)).collect();
		assert_eq!(steps, [Some(0), Some(4), Some(8), Some(10), None]);
	}

	#[test]
	fn states_should_be_start_and_end_when_stride_is_large() {
		assert_eq!(states_len(10, 100), Some(2));
		assert_eq!(step_of_state(1, 10, 100), Some(10));
		assert_eq!(states_len(0, 5), Some(1));
	}

	#[test]
	fn states_should_be_refused_when_stride_is_zero_or_list_too_long() {
		assert_eq!(states_len(10, 0), None);
		assert_eq!(states_len(u64::MAX, 1), None);
		assert_eq!(states_len(u64::from(u32::MAX), 1), None);
		assert_eq!(step_of_state(0, 10, 0), None);
	}
}
