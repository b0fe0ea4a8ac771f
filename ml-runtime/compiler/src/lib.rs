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
//! [`REFERENCE`] says what a manifest can hold.
//!
//! # What is in the program
//!
//! Nodes in this order: load and scale the input and its mask, layers, labels and loss, backward pass, optimiser.
//! Slots: the parameters of the layers in order (weight, then bias), then tables that never change
//! (angles of rotary positions, learning rates), then optimiser state. Layers, initial bounds and update
//! rules follow PyTorch, and so do the names and shapes of [`Parameter`]: the saved state of
//! `torch.nn.Sequential` with the same layers has them. A list inside a layer is a `Sequential` in the
//! module of the layer: `2.0.1.q.weight` is the projection q of the attention that is layer 1 of layer 0 of
//! layer 2. A `repeat` has a module per repetition, and the way past a residual is its module `skip`.
//!
//! Tables are computed in integers ([`Init::Table`]), so no `sin`, `cos` or `pow` of any platform decides
//! about them.
//!
//! There is no gradient of a maximum over rows, of the larger or smaller of two values, of patches put together again, of
//! a sum at indices, nor of an operand that repeats in any other way than by rows, columns or words. No layer needs one.
//!
//! Any change of what comes out of the same manifest needs a new [`COMPILER_VERSION`]; tests pin the
//! hashes of the example programs.

mod autodiff;
mod compile;
mod constant;
mod error;
mod fixed;
mod graph;
mod init;
mod layers;
mod loss;
mod manifest;
mod mask;
mod optimizer;
mod schedule;

#[doc = include_str!("../MANIFEST.md")]
pub const REFERENCE: &str = include_str!("../MANIFEST.md");

macro_rules! examples {
	($($name:literal),*) => {
		[$(($name, include_str!(concat!("../examples/", $name, ".toml")))),*]
	};
}

/// Manifests to begin with, by name.
pub const EXAMPLES: [(&str, &str); 13] = examples![
	"mlp-digits",
	"mlp-digits-adamw",
	"lenet-digits",
	"lenet-digits-adamw",
	"lenet-mnist",
	"lenet-mnist-adamw",
	"resnet-digits",
	"gpt-tiny",
	"gpt-shakespeare",
	"bert-lora-tiny",
	"llama-lora-tiny",
	"vision-digits",
	"minilm-lora"
];

pub use compile::{compile, compile_forward, Compiled, Forward};
pub use error::{Error, ErrorKind, Span};
pub use init::{initial_slots, initial_slots_but, Init};
pub use layers::Parameter;
pub use manifest::{
	Attention, Bits, Course, Data, Decay, Field, Format, Gate, Layer, LayerKind, Lora, Loss,
	LossKind, Manifest, Model, Numerics, Optimizer, Pooling, Precision, Rope, RopeScaling,
	Schedule, Shape, Size, Task, Updates,
};

/// Version of the function from manifest to program.
pub const COMPILER_VERSION: u16 = 1;

/// Largest manifest in bytes.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;

/// Most layers of a model, counted as often as they are repeated.
pub const MAX_LAYERS: usize = 512;

/// Most lists of layers inside each other.
pub const MAX_DEPTH: usize = 8;
