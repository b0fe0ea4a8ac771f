//! One file per call, and one per thing that the chain does by itself.

mod agenda;
mod amounts;
mod ask;
mod ask_slots;
mod ask_tiles;
mod bisect;
mod brief;
mod constants;
mod expire;
mod full;
mod indices;
mod join_fault;
mod open;
mod open_tile;
mod open_withheld;
mod pick;
mod pick_block;
mod pick_step;
mod pick_stride;
mod pick_tile;
mod post_partials;
mod post_steps;
mod post_trace;
mod prefix_fault;
mod refunds;
mod refusals;
mod several;
mod table;
mod upgrade;
mod withdraw_claim;

pub(crate) use assay_case::testing::{Execution, Lie, MLP};
pub(crate) use assay_case::CaseMove;
pub(crate) use assay_dispute_game::{Effect, Fault, Move, MoveKind, Outcome, Side};
pub(crate) use assay_primitives::TaskPhase;
pub(crate) use polkadot_sdk::frame_support::{assert_noop, assert_ok};

pub(crate) use crate::{
	mock::*, Agenda, AgendaCursor, Disputes, Error, Event, GamesOf, HoldReason, NextGame,
	Transcripts,
};
pub(crate) use table::*;
