//! What can be wrong with a manifest, said at the place where it is wrong.

use std::{fmt, ops::Range, sync::Arc};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use thiserror::Error;

/// A place in a manifest: its bytes from `start` up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
	/// First byte.
	pub start: usize,
	/// One past the last byte.
	pub end: usize,
}

impl From<Range<usize>> for Span {
	fn from(range: Range<usize>) -> Self {
		Self { start: range.start, end: range.end }
	}
}

impl From<Span> for Range<usize> {
	fn from(span: Span) -> Self {
		span.start..span.end
	}
}

/// Why a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ErrorKind {
	/// The file is larger than [`crate::MAX_MANIFEST_BYTES`].
	#[error("the manifest has {bytes} bytes, more than {max}")]
	TooLarge {
		/// Size of the file.
		bytes: usize,
		/// Largest accepted size.
		max: usize,
	},
	/// Not TOML, or an unknown, missing or mistyped key.
	#[error("malformed manifest: {message}")]
	Malformed {
		/// What the TOML reader says.
		message: String,
	},
	/// Written for another version of this compiler.
	#[error("the manifest is for compiler version {found}, this is version {supported}")]
	Version {
		/// Version in the manifest.
		found: u64,
		/// [`crate::COMPILER_VERSION`].
		supported: u16,
	},
	/// A name with characters other than `a-z`, `0-9`, `-` and `_`, empty or too long.
	#[error("`{name}` is not a name of 1 to 64 characters out of a-z, 0-9, - and _")]
	BadName {
		/// The refused name.
		name: String,
	},
	/// A `kind` or `format` that does not exist.
	#[error("unknown {what} `{found}`")]
	UnknownKind {
		/// `layer`, `loss`, `optimizer`, `schedule`, `decay`, `pooling`, `precision` or `format`.
		what: &'static str,
		/// The refused word.
		found: String,
		/// The words that exist.
		known: &'static str,
	},
	/// A key that this kind of layer or optimiser needs.
	#[error("`{kind}` needs the key `{key}`")]
	MissingKey {
		/// Kind of layer or optimiser.
		kind: String,
		/// The missing key.
		key: &'static str,
	},
	/// A key that this kind of layer or optimiser has no use for.
	#[error("`{kind}` has no key `{key}`")]
	UnusedKey {
		/// Kind of layer or optimiser.
		kind: String,
		/// The superfluous key.
		key: &'static str,
	},
	/// A number outside its range.
	#[error("`{key}` is {found}, but must be {expected}")]
	OutOfRange {
		/// The key.
		key: &'static str,
		/// The refused value.
		found: String,
		/// What is accepted, in words.
		expected: String,
	},
	/// A batch larger than the data set.
	#[error("a batch of {batch} needs more than the {records} records of the data set")]
	BatchTooLarge {
		/// Records per step.
		batch: u32,
		/// Records in the data set.
		records: u32,
	},
	/// A field that ends behind the record.
	#[error("field `{field}` ends at byte {end} of a record of {record_size} bytes")]
	FieldOutsideRecord {
		/// Name of the field.
		field: String,
		/// First byte behind the field.
		end: u64,
		/// Bytes per record.
		record_size: u32,
	},
	/// `model.input`, `loss.labels` or a `mask` names a field that is not in `data.fields`.
	#[error("there is no data field `{field}`")]
	NoSuchField {
		/// The name.
		field: String,
	},
	/// Labels used as input, or numbers used as labels.
	#[error("field `{field}` cannot be used here: its format must be {expected}")]
	WrongFormat {
		/// Name of the field.
		field: String,
		/// Formats that fit.
		expected: &'static str,
	},
	/// A label field with another number of labels than the logits have rows.
	#[error("the label field `{field}` has width {width}, but a record has {expected} labels")]
	LabelWidth {
		/// Name of the field.
		field: String,
		/// Its width.
		width: u32,
		/// Positions of the logits' sequence; 1 where they are features.
		expected: u32,
	},
	/// A field of targets with another width than a record has numbers that leave the model.
	#[error(
		"the field `{field}` has width {width}, but the model makes {expected} numbers of a record"
	)]
	TargetWidth {
		/// Name of the field.
		field: String,
		/// Its width.
		width: u32,
		/// Numbers that leave the model.
		expected: u64,
	},
	/// A mask with another width than there are positions, or labels.
	#[error("the mask field `{field}` has width {width}, but {expected} are to be masked")]
	MaskWidth {
		/// Name of the field.
		field: String,
		/// Its width.
		width: u32,
		/// Positions of the sequence, or labels of a record.
		expected: u32,
	},
	/// The input field and the input shape hold different numbers of elements.
	#[error("the input field has {width} elements, the model's input shape {elements}")]
	InputWidth {
		/// Elements of the field.
		width: u32,
		/// Elements of the shape.
		elements: u64,
	},
	/// A model without layers, or with more than [`crate::MAX_LAYERS`].
	#[error("the model has {found} layers, but must have 1 to {max}")]
	LayerCount {
		/// Layers of the manifest.
		found: usize,
		/// [`crate::MAX_LAYERS`].
		max: usize,
	},
	/// A model without a layer that learns.
	#[error("the model has no layer whose parameters learn")]
	NothingToTrain,
	/// Lists of layers inside lists of layers, deeper than [`crate::MAX_DEPTH`].
	#[error("this is more than {max} lists of layers deep")]
	TooDeep {
		/// [`crate::MAX_DEPTH`].
		max: usize,
	},
	/// A schedule with more learning rates than a state may hold.
	#[error("the schedule has {updates} learning rates, more than {max}")]
	ScheduleTooLong {
		/// Updates of the task, or of the schedule.
		updates: u32,
		/// Most.
		max: u64,
	},
	/// An image layer behind something that is not an image.
	#[error("`{layer}` needs an image, but gets {found}")]
	NotAnImage {
		/// Kind of the layer.
		layer: &'static str,
		/// Shape that arrives.
		found: String,
	},
	/// A layer (or the loss) that needs features behind an image.
	#[error("`{layer}` needs features, but gets {found}")]
	NotFeatures {
		/// Kind of the layer.
		layer: &'static str,
		/// Shape that arrives.
		found: String,
	},
	/// A layer of sequences behind something that is not a sequence.
	#[error("`{layer}` needs a sequence, but gets {found}")]
	NotASequence {
		/// Kind of the layer.
		layer: &'static str,
		/// Shape that arrives.
		found: String,
	},
	/// An embedding behind something that is not tokens.
	#[error("`{layer}` needs tokens, but gets {found}")]
	NotTokens {
		/// Kind of the layer.
		layer: &'static str,
		/// Shape that arrives.
		found: String,
	},
	/// A layer that calculates, behind tokens.
	#[error("`{layer}` needs numbers, but gets {found}")]
	NotNumbers {
		/// Kind of the layer.
		layer: &'static str,
		/// Shape that arrives.
		found: String,
	},
	/// Heads that do not divide the features of a vector.
	#[error("{heads} heads do not divide {features} features")]
	Heads {
		/// Heads.
		heads: u16,
		/// Features of a vector.
		features: u32,
	},
	/// Heads of keys and values that cannot be shared evenly.
	#[error("{kv_heads} heads of keys and values do not divide {heads} heads")]
	KvHeads {
		/// Heads of keys and values.
		kv_heads: u16,
		/// Heads.
		heads: u16,
	},
	/// Heads of keys and values that cannot be shared because one of the tiles of what is shared could not be judged.
	#[error("{group} heads of {width} features cannot share keys and values")]
	SharedHeads {
		/// Heads of queries for one of keys and values.
		group: u16,
		/// Features of a head.
		width: u32,
	},
	/// Heads whose queries and keys cannot be normalised because one of the tiles of what they are read from could not be
	/// judged.
	#[error("the queries and keys of heads with {width} features cannot be normalised")]
	NormedHeads {
		/// Features of a head.
		width: u32,
	},
	/// Groups of a convolution that do not divide its channels.
	#[error("{groups} groups do not divide {channels} channels, or {out} of the result")]
	Groups {
		/// Groups.
		groups: u16,
		/// Channels that arrive.
		channels: u16,
		/// Channels of the result.
		out: u16,
	},
	/// Rotary position embedding in heads of an odd width.
	#[error("`rope` turns pairs, but each head has {width} features")]
	OddHeads {
		/// Features of a head.
		width: u32,
	},
	/// Rotary position embedding of more features than a head has, or of an odd number.
	#[error("`rope_dims` is {dims}, but of the {width} features of each head pairs turn")]
	RopeDims {
		/// Features that turn.
		dims: u32,
		/// Features of a head.
		width: u32,
	},
	/// A tied layer in a model that has no embedding before it.
	#[error("there is no `embedding` before this `tied_linear`")]
	NoEmbedding,
	/// A tied layer that gets another number of features than the embedding makes.
	#[error("the table of the embedding has {embedding} features, but `tied_linear` gets {found}")]
	TiedWidth {
		/// Features of the embedding.
		embedding: u32,
		/// Shape that arrives.
		found: String,
	},
	/// A residual whose two ways make different shapes.
	#[error("the layers of this `residual` make {found}, but {past} comes past them")]
	ResidualShape {
		/// What the layers make.
		found: String,
		/// What is to be added.
		past: String,
	},
	/// A window that does not fit into the padded image.
	#[error("a window of {window} does not fit into {found}")]
	WindowTooLarge {
		/// Height × width of the window.
		window: String,
		/// Shape that arrives.
		found: String,
	},
	/// A layer that makes a value beyond the limits.
	#[error("`{layer}` cannot be built: {message}")]
	Layer {
		/// Kind of the layer.
		layer: &'static str,
		/// What the operation set says.
		message: String,
	},
	/// The compiled program is refused by the operation set (size, tiling, cost).
	#[error("the compiled program is refused: {message}")]
	Program {
		/// What the operation set says.
		message: String,
		/// What may help.
		advice: &'static str,
	},
	/// Logits of a single class, whose loss is 0 whatever the parameters are.
	#[error("the model tells one class from no other: its loss is 0 whatever it learns")]
	OneClass,
}

impl ErrorKind {
	/// A stable name for tools, such as `assay::manifest::label_width`.
	pub fn code(&self) -> &'static str {
		match self {
			Self::TooLarge { .. } => "assay::manifest::too_large",
			Self::Malformed { .. } => "assay::manifest::malformed",
			Self::Version { .. } => "assay::manifest::version",
			Self::BadName { .. } => "assay::manifest::bad_name",
			Self::UnknownKind { .. } => "assay::manifest::unknown_kind",
			Self::MissingKey { .. } => "assay::manifest::missing_key",
			Self::UnusedKey { .. } => "assay::manifest::unused_key",
			Self::OutOfRange { .. } => "assay::manifest::out_of_range",
			Self::BatchTooLarge { .. } => "assay::manifest::batch_too_large",
			Self::FieldOutsideRecord { .. } => "assay::manifest::field_outside_record",
			Self::NoSuchField { .. } => "assay::manifest::no_such_field",
			Self::WrongFormat { .. } => "assay::manifest::wrong_format",
			Self::LabelWidth { .. } => "assay::manifest::label_width",
			Self::TargetWidth { .. } => "assay::manifest::target_width",
			Self::MaskWidth { .. } => "assay::manifest::mask_width",
			Self::InputWidth { .. } => "assay::manifest::input_width",
			Self::LayerCount { .. } => "assay::manifest::layer_count",
			Self::NothingToTrain => "assay::manifest::nothing_to_train",
			Self::TooDeep { .. } => "assay::manifest::too_deep",
			Self::ScheduleTooLong { .. } => "assay::manifest::schedule_too_long",
			Self::NotASequence { .. } => "assay::model::not_a_sequence",
			Self::NotTokens { .. } => "assay::model::not_tokens",
			Self::NotNumbers { .. } => "assay::model::not_numbers",
			Self::Heads { .. } => "assay::model::heads",
			Self::KvHeads { .. } => "assay::model::kv_heads",
			Self::SharedHeads { .. } => "assay::model::shared_heads",
			Self::NormedHeads { .. } => "assay::model::normed_heads",
			Self::Groups { .. } => "assay::model::groups",
			Self::OddHeads { .. } => "assay::model::odd_heads",
			Self::RopeDims { .. } => "assay::model::rope_dims",
			Self::NoEmbedding => "assay::model::no_embedding",
			Self::TiedWidth { .. } => "assay::model::tied_width",
			Self::ResidualShape { .. } => "assay::model::residual_shape",
			Self::NotAnImage { .. } => "assay::model::not_an_image",
			Self::NotFeatures { .. } => "assay::model::not_features",
			Self::WindowTooLarge { .. } => "assay::model::window_too_large",
			Self::Layer { .. } => "assay::model::layer",
			Self::Program { .. } => "assay::model::program",
			Self::OneClass => "assay::model::one_class",
		}
	}

	/// What to do about it, where that is not obvious.
	pub fn help(&self) -> Option<String> {
		Some(match self {
			Self::UnknownKind { known, .. } => format!("known: {known}"),
			Self::LabelWidth { expected, .. } => {
				format!("give the field `width = {expected}`, or `pool` the sequence before")
			},
			Self::TargetWidth { .. } => {
				"give the last layer as many outputs as there are targets, of each position in a sequence".into()
			},
			Self::MaskWidth { expected, .. } => format!("give the field `width = {expected}`"),
			Self::NothingToTrain => "add a layer with parameters that is not `frozen`".into(),
			Self::TooDeep { .. } => "write the inner layers out, or use one `repeat`".into(),
			Self::ScheduleTooLong { .. } => {
				"train in several tasks, or with a constant rate".into()
			},
			Self::NotFeatures { .. } => "put a `flatten` layer, or `pool`, before it".into(),
			Self::NotAnImage { .. } => {
				"give the model an input `shape = [height, width, channels]`".into()
			},
			Self::NotASequence { .. } => {
				"give the model tokens and an `embedding`, or an input `shape = [length, features]`"
					.into()
			},
			Self::NotTokens { .. } => {
				"make it the first layer, of an input field with `format = \"token_u8\"`".into()
			},
			Self::NotNumbers { .. } => "put an `embedding` layer before it".into(),
			Self::Heads { .. } => "choose `heads` that divide the features".into(),
			Self::Groups { .. } => "choose `groups` that divide both".into(),
			Self::KvHeads { .. } => "choose `kv_heads` that divide the `heads`".into(),
			Self::SharedHeads { .. } => {
				"at most 32 heads share one, and have a width that is a multiple of 32 or divides it".into()
			},
			Self::NormedHeads { .. } => {
				"a head's width has to be a multiple of 32 or to divide it".into()
			},
			Self::RopeDims { width, .. } => {
				format!("give it an even number, at most {width}")
			},
			Self::OddHeads { .. } => "choose `heads` so that each has an even width".into(),
			Self::NoEmbedding => "use a `linear` layer, or start with an `embedding`".into(),
			Self::TiedWidth { embedding, .. } => {
				format!("put a `linear` layer with `out = {embedding}` before it")
			},
			Self::ResidualShape { .. } => {
				"add a list `skip` with a `linear` or `conv2d` layer that makes the same shape"
					.into()
			},
			Self::Program { advice, .. } => (*advice).into(),
			Self::OneClass => "give the last layer an output for each class, two for yes and no".into(),
			_ => return None,
		})
	}
}

/// A refused manifest: why, and where in the file. Prints with source lines through [`miette`].
#[derive(Clone, Debug, Error)]
#[error("{kind}")]
pub struct Error {
	/// Why.
	pub kind: ErrorKind,
	/// Where: bytes of the manifest, if one place is to blame.
	pub span: Option<Range<usize>>,
	source_text: Box<NamedSource<Arc<str>>>,
}

impl Error {
	pub(crate) fn new(kind: ErrorKind, span: Option<Range<usize>>, source: &Arc<str>) -> Self {
		let source_text = Box::new(NamedSource::new("task manifest", source.clone()));
		Self { kind, span, source_text }
	}

	/// The same, with the name of the file that the manifest is from.
	pub fn in_file(self, name: &str) -> Self {
		let source_text = Box::new(NamedSource::new(name, self.source_text.inner().clone()));
		Self { source_text, ..self }
	}
}

impl Diagnostic for Error {
	fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
		Some(Box::new(self.kind.code()))
	}

	fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
		self.kind.help().map(|help| Box::new(help) as Box<dyn fmt::Display>)
	}

	fn source_code(&self) -> Option<&dyn SourceCode> {
		Some(&*self.source_text)
	}

	fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
		let span = self.span.clone()?;
		Some(Box::new(std::iter::once(LabeledSpan::at(span, "here"))))
	}
}
