//! Sizes that bound everything decodable.

/// Bytes of an encoded program.
pub const MAX_PROGRAM_BYTES: u32 = 256 * 1024;

/// Bytes of an encoded dispute game.
pub const MAX_GAME_BYTES: u32 = 256 * 1024;

/// Bytes of what a player may know beside the game: heartbeats, earlier moves.
pub const MAX_PUBLIC_BYTES: u32 = 1024 * 1024;

/// Bytes of an encoded move, its openings included.
pub const MAX_MOVE_BYTES: u32 = 512 * 1024;

/// Hashes in the path of a leaf.
pub const MAX_SIBLINGS: u32 = 32;

/// Bytes of an explanation for people.
pub const MAX_TEXT_BYTES: u32 = 512;

/// Bytes of an encoded job: program, game, public data and fixed-size fields.
pub const MAX_JOB_BYTES: u32 = 1600 * 1024;

/// Bytes of an encoded status: a move and fixed-size fields.
pub const MAX_STATUS_BYTES: u32 = 520 * 1024;
