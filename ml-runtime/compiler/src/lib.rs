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
//! | `[data.fields]` | per field `offset` in bytes, `width` in elements, `format` (`u8`, `f32`, `label_u8`, `label_u32`, `token_u8`, `token_u32`), and for numbers `scale`, `shift`: `x · scale + shift` |
//! | `[model]` | `input`: a field; `shape`: `[features]`, `[length, features]` or `[height, width, channels]`; of tokens `[length]`; `mask`: a field of numbers, one per position of the sequence, of which those that are 0 mark padding |
//! | `[[model.layer]]` | `kind` and its keys, see below |
//! | `[numerics]` | `forward`, `backward`: arithmetic of matrix products with weights, `f32`, `q15x3` (15-bit integers) or `i8` |
//! | `[loss]` | `kind = "cross_entropy"`, `labels`: a field with one label per record, or one per position of a sequence; `mask`: a field of numbers, one per label, of which those that are 0 do not count |
//! | `[optimizer]` | `kind = "sgd"` (`lr`, `momentum`, `weight_decay`) or `"adamw"` (`lr`, `beta1`, `beta2`, `eps`, `weight_decay`); for both `decay` (`"all"` or `"matrices"`: what has two dimensions or more), `clip` (largest norm of all gradients together), `accumulate` (steps whose gradients are averaged for one update) |
//! | `[optimizer.schedule]` | `kind = "constant"`, `"linear"` or `"cosine"`, `warmup` (updates on which the rate rises evenly to `lr`), and for the last two `steps` (update that reaches `min`), `min` (learning rate there) |
//!
//! | layer | keys | shapes |
//! |---|---|---|
//! | `linear` | `out`, `bias`, `lora = { rank, alpha }` | features, sequence |
//! | `tied_linear` | – | the same; product with the table of the first `embedding` |
//! | `conv2d` | `out`, `kernel`, `stride`, `pad`, `bias` | image |
//! | `max_pool`, `avg_pool` | `kernel`, `stride` | image |
//! | `relu`, `gelu`, `silu`, `tanh`, `sigmoid` | – | all |
//! | `dropout` | `p` | all |
//! | `layer_norm` | `eps`, `bias` | all; over the last dimension: of an image the channels of each pixel |
//! | `rms_norm` | `eps` | the same |
//! | `flatten` | – | image or sequence to features |
//! | `embedding` | `vocab`, `out` | tokens to a sequence |
//! | `position` | – | sequence; adds a learned vector per position |
//! | `attention` | `heads`, `causal`, `rope` (base of rotary positions), `bias`, `lora` (adapters of q and v) | sequence |
//! | `swiglu` | `hidden`, `bias` | features, sequence |
//! | `pool` | `take = "first"` or `"mean"` | sequence to features |
//! | `residual` | `[[model.layer.layer]]`, and if the way past them has layers `[[model.layer.skip]]` | all |
//! | `repeat` | `times`, `[[model.layer.layer]]`, each time with parameters of their own | all |
//!
//! Every layer with weights or tables takes `std`, the standard deviation of their uniform initial values;
//! every layer with parameters, and every list, takes `frozen = true`: parameters there stay as they start
//! and have no gradient, adapters included. Adapters (LoRA) learn while the weight they adapt, and its bias, stay.
//!
//! With `mask` in `[model]`, no attention and no `pool` of `take = "mean"` looks at padding, and a sequence cannot be
//! flattened; what layers make of the padding itself goes nowhere else. It must hold tokens of the vocabulary, or finite
//! numbers, all the same: nothing times what is not a number is not a number. Where there is a label per position,
//! those of padding do not count either, unless the loss has a `mask` of its own. The loss is the mean over the labels
//! of a batch that count, 0 where none does.
//!
//! Keys with a default: `bias = true`, `stride = 1` (of a pool: its kernel), `pad = 0`, `eps = 1e-5`,
//! `causal = false`, `momentum = 0`, `weight_decay = 0`, `decay = "all"`, `accumulate = 1`, `warmup = 0`,
//! `min = 0`, `scale = 1`, `shift = 0`, `forward = "f32"`, `backward = "f32"`; the `steps` of a schedule are all updates of the task. Without
//! `rope`, `clip` or a schedule there is none. `kernel`, `stride` and `pad` are one number or
//! `[height, width]`. Unknown keys are errors. Every decimal is rounded once, to the nearest `f32`.
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

pub use compile::{compile, compile_forward, Compiled, Forward};
pub use error::{Error, ErrorKind, Span};
pub use init::{initial_slots, Init};
pub use layers::Parameter;
pub use manifest::{
	Bits, Course, Data, Decay, Field, Format, Layer, LayerKind, Lora, Loss, Manifest, Model,
	Numerics, Optimizer, Pooling, Precision, Schedule, Shape, Size, Task, Updates,
};

/// Version of the function from manifest to program.
pub const COMPILER_VERSION: u16 = 1;

/// Largest manifest in bytes.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;

/// Most layers of a model, counted as often as they are repeated.
pub const MAX_LAYERS: usize = 512;

/// Most lists of layers inside each other.
pub const MAX_DEPTH: usize = 8;
