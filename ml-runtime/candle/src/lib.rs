//! candle at the border: safetensors in and out, evaluation, and the tolerance oracle.
//!
//! Committed bits come from the executor alone. What the rest of the world wants (a model file, an
//! accuracy, a second opinion) is made here:
//!
//! - [`Model`]: the parameters of a task, to and from safetensors with the names and shapes of
//!   `torch.nn.Sequential`. Words are copied, never rounded.
//! - [`StateBlobs`] and [`read_slots`]: a state as the blobs that the network carries, and back. What
//!   is read is checked against its roots.
//! - [`Network`]: the layers of a manifest once more, in candle's operations. It shares no code with
//!   compiler and kernels, so an error would have to be made twice to stay hidden.
//! - [`evaluate`]: runs both over a data set and compares them.
//!
//! The tests are the *tolerance oracle*: each operation of the op set, forward, and each gradient
//! that the compiler builds, against candle and its autograd.
//!
//! # Terms
//!
//! A *slot* is a tensor of the state, row-major words; the first slots are the parameters. A *state
//! manifest* lists the roots of all slots at some step; its own BLAKE3 is the artefact root of a claim.

mod error;
mod evaluate;
mod file;
mod model;
mod network;
mod records;
mod state;

pub use error::Error;
pub use evaluate::{evaluate, Evaluation};
pub use model::{logits_file, Model};
pub use network::Network;
pub use records::Inputs;
pub use state::{read_slots, tensor_bytes, tensor_words, StateBlobs};
