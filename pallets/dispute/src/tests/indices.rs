use super::*;
use crate::Call;
use codec::Encode;
use polkadot_sdk::frame_support::traits::{GetCallIndex, GetCallName};

/// Indices are part of the encoding that clients sign; a change needs a new transaction version.
#[test]
fn indices_should_stay_as_published() {
	let names = Call::<Test>::get_call_names().iter().zip(Call::<Test>::get_call_indices());
	let calls: Vec<(&str, u8)> = names.map(|(name, index)| (*name, *index)).collect();
	let published = [
		("open", 0),
		("open_withheld", 1),
		("prefix_fault", 2),
		("ask", 3),
		("bisect", 4),
		("pick", 5),
		("post_steps", 6),
		("pick_step", 7),
		("post_trace", 8),
		("join_fault", 9),
		("ask_slots", 10),
		("ask_tiles", 11),
		("pick_tile", 12),
		("post_partials", 13),
		("pick_block", 14),
		("open_tile", 15),
		("expire", 16),
		("pick_stride", 17),
	];
	assert_eq!(calls, published);
	assert_eq!(HoldReason::Bond.encode(), [0]);
}
