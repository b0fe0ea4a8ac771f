//! Task manifest to step program: layers, graph-to-graph autodiff, optimisers, initialisers.
//!
//! A requester writes a TOML [`Manifest`]; [`compile`] turns it into the [`Program`](assay_ops::Program)
//! of one training step, and [`initial_slots`] into the state before the first one. Both are pure
//! functions of the text and [`COMPILER_VERSION`]: no clock, no hash order, no float unit, so anyone
//! reproduces program and initial state byte for byte.
//!
//! ```
//! # fn main() -> Result<(), assay_compiler::Error> {
//! let text = include_str!("../examples/mlp-digits.toml");
//! let manifest = assay_compiler::Manifest::parse(text)?;
//! let compiled = assay_compiler::compile(&manifest)?;
//! let slots = assay_compiler::initial_slots(&compiled, &manifest.task.seed);
//! assert_eq!(slots.len(), compiled.program.slots.len());
//! assert_eq!(compiled.parameters[0].name, "0.weight");
//! # Ok(())
//! # }
//! ```
//!
//! # The manifest
//!
//! | section | keys |
//! |---|---|
//! | top | `compiler`: the [`COMPILER_VERSION`] it is written for |
//! | `[task]` | `name`, `steps`, `stride` (at most `steps`), `batch`, `seed` (integer, or `"0x"` and 64 digits) |
//! | `[data]` | `records`, `record_size` in bytes |
//! | `[data.fields]` | per field `offset` in bytes, `width` in elements, `format` (`u8`, `f32`, `label_u8`, `label_u32`), and for numbers `scale`, `shift`: `x · scale + shift` |
//! | `[model]` | `input`: a field; `shape`: `[features]` or `[height, width, channels]` |
//! | `[[model.layer]]` | `kind` and its keys: `linear` (`out`, `bias`), `conv2d` (`out`, `kernel`, `stride`, `pad`, `bias`), `relu`, `max_pool` and `avg_pool` (`kernel`, `stride`), `flatten`, `dropout` (`p`) |
//! | `[loss]` | `kind = "cross_entropy"`, `labels`: a field |
//! | `[optimizer]` | `kind = "sgd"` (`lr`, `momentum`, `weight_decay`) or `"adamw"` (`lr`, `beta1`, `beta2`, `eps`, `weight_decay`) |
//!
//! Keys with a default: `bias = true`, `stride = 1` (of a pool: its kernel), `pad = 0`, `momentum = 0`,
//! `weight_decay = 0`, `scale = 1`, `shift = 0`. `kernel`, `stride` and `pad` are one number or
//! `[height, width]`. Unknown keys are errors. Every decimal is rounded once, to the nearest `f32`.
//!
//! # What is in the program
//!
//! Nodes in this order: load and scale the input, layers, labels and loss, backward pass, optimiser.
//! Slots: the parameters of the layers in order (weight, then bias), then optimiser state. Layers, initial bounds
//! and update rules follow PyTorch, and so do the names and shapes of [`Parameter`]: the saved state of
//! `torch.nn.Sequential` with the same layers has them.
//!
//! Any change of what comes out of the same manifest needs a new [`COMPILER_VERSION`]; tests pin the
//! hashes of the example programs.

mod autodiff;
mod compile;
mod constant;
mod error;
mod graph;
mod init;
mod layers;
mod loss;
mod manifest;
mod optimizer;

pub use compile::{compile, compile_forward, Compiled, Forward};
pub use error::{Error, ErrorKind};
pub use init::{initial_slots, Init};
pub use layers::Parameter;
pub use manifest::{
	Bits, Data, Field, Format, Layer, LayerKind, Loss, Manifest, Model, Optimizer, Shape, Size,
	Task,
};

/// Version of the function from manifest to program.
pub const COMPILER_VERSION: u16 = 1;

/// Largest manifest in bytes.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;

/// Most layers of a model.
pub const MAX_LAYERS: usize = 64;
