//! Manifest to programs.

use std::sync::Arc;

use assay_ops::{soft::ONE, Binary, Limits, NodeId, Op, Program, ProgramError, RecordFormat};

use crate::{
	autodiff,
	error::{Error, ErrorKind},
	graph::{Finished, Graph, Refusal},
	init::{tables, Init},
	layers::{Learned, Mode, Network, Parameter},
	loss::{cross_entropy, mean_square},
	manifest::{Format, Loss, LossKind, Manifest, Shape},
	mask::Mask,
	optimizer,
};

/// What a manifest means.
#[derive(Clone, Debug)]
pub struct Compiled {
	/// One training step.
	pub program: Program,
	/// How each slot starts.
	pub inits: Vec<Init>,
	/// The parameters: `parameters[i]` describes slot `i`. Slots behind them are tables that never
	/// change, then optimiser state.
	pub parameters: Vec<Parameter>,
	/// The evaluation of the same network.
	pub forward: Forward,
}

/// Evaluation of a network on one batch.
#[derive(Clone, Debug)]
pub struct Forward {
	/// Loads a batch, computes logits and loss. Its slots are the parameters, in the order of the
	/// training program, and then [`Forward::tables`]; all keep their content. Dropout is absent.
	pub program: Program,
	/// Node of the logits, `batch × classes`; of a sequence `(batch · length) × classes`.
	pub logits: NodeId,
	/// Node that loads the input field.
	pub input: NodeId,
	/// Node that loads the labels.
	pub labels: NodeId,
	/// Node that says which labels count, where not all do: a column with 1 or 0 for each row of logits.
	pub counted: Option<NodeId>,
	/// Contents of the slots behind the parameters: constants, such as angles of positions.
	pub tables: Vec<Arc<[u32]>>,
}

impl Forward {
	/// The contents of all slots: the parameters as given, then the tables.
	pub fn slots<'a>(&'a self, parameters: &'a [Vec<u32>]) -> Vec<&'a [u32]> {
		let tables = self.tables.iter().map(|table| &**table);
		parameters.iter().map(Vec::as_slice).chain(tables).collect()
	}
}

/// Compiles the training step and the evaluation of a manifest.
pub fn compile(manifest: &Manifest) -> Result<Compiled, Error> {
	let mut graph = Graph::new(manifest.task.batch);
	let Built { parameters, learned, ends } = network(manifest, &mut graph, Mode::Train)?;
	let refused =
		|message, span| manifest.error(ErrorKind::Program { message, advice: SMALLER }, span);
	graph.precision = manifest.numerics.backward;
	let nodes: Vec<NodeId> = learned.iter().map(|parameter| parameter.node).collect();
	let made = autodiff::gradients(&mut graph, ends.logits, ends.gradient, &nodes)
		.and_then(|gradients| optimizer::update(&mut graph, manifest, &learned, &gradients));
	made.map_err(|message| refused(message, graph.origin))?;
	let finished = graph.finish(ends.loss, &[]).map_err(|message| refused(message, None))?;
	check(&finished, manifest)?;
	let forward = compile_forward(manifest, manifest.task.batch)?;
	Ok(Compiled { program: finished.program, inits: finished.inits, parameters, forward })
}

/// Compiles the evaluation of a manifest's network with another number of records per batch.
///
/// The records of an epoch are a permutation of the data set. So where `batch` divides the number of
/// records, steps `0 .. records / batch` see every record once.
pub fn compile_forward(manifest: &Manifest, batch: u32) -> Result<Forward, Error> {
	let mut graph = Graph::new(batch);
	let Built { ends, .. } = network(manifest, &mut graph, Mode::Evaluate)?;
	let refused = |message| manifest.error(ErrorKind::Program { message, advice: SMALLER }, None);
	let mut marks = vec![ends.logits, ends.input, ends.labels];
	marks.extend(ends.counted);
	let finished = graph.finish(ends.loss, &marks).map_err(refused)?;
	check(&finished, manifest)?;
	let [logits, input, labels, ref counted @ ..] = finished.marked[..] else {
		return Err(refused("a marked node is lost".into()));
	};
	let counted = counted.first().copied();
	let tables = tables(&finished.inits);
	Ok(Forward { program: finished.program, logits, input, labels, counted, tables })
}

/// Nodes at both ends of the network.
#[derive(Clone, Copy)]
struct Ends {
	input: NodeId,
	labels: NodeId,
	/// A column of 1 and 0 for the labels that count; all without it.
	counted: Option<NodeId>,
	logits: NodeId,
	loss: NodeId,
	/// Gradient of the loss with respect to the logits.
	gradient: NodeId,
}

/// The network with its loss.
struct Built {
	parameters: Vec<Parameter>,
	learned: Vec<Learned>,
	ends: Ends,
}

fn network(manifest: &Manifest, graph: &mut Graph, mode: Mode) -> Result<Built, Error> {
	let model = &manifest.model;
	graph.precision = manifest.numerics.forward;
	let input_error = |message| manifest.error(ErrorKind::Layer { layer: "input", message }, None);
	let (input, scaled) = load(manifest, graph, &model.input).map_err(input_error)?;
	let masked = |graph: &mut Graph, name: &String| {
		load(manifest, graph, name).and_then(|(_, numbers)| Mask::new(graph, numbers))
	};
	let mask = model.mask.as_ref().map(|name| masked(graph, name));
	let mask = mask.transpose().map_err(input_error)?;
	let mut network = Network::new(graph, mode, scaled, mask, manifest).map_err(input_error)?;
	network.stack(&model.layers, "", false)?;
	let Network { value: logits, shape, parameters, learned, .. } = network;
	let last = model.layers.last().map(|layer| layer.span);
	let labels_per_record = match shape {
		Shape::Features(_) => 1,
		Shape::Sequence { length, .. } => length,
		Shape::Tokens(_) | Shape::Image { .. } => {
			let found = shape.to_string();
			let kind = ErrorKind::NotFeatures { layer: manifest.loss.kind.name(), found };
			return Err(manifest.error(kind, last));
		},
	};
	let Loss { kind, field, mask: counted, .. } = &manifest.loss;
	let ty = graph.ty(logits);
	if *kind == LossKind::CrossEntropy && ty.cols == 1 {
		return Err(manifest.error(ErrorKind::OneClass, last));
	}
	check_labels(manifest, labels_per_record, ty.cols)?;
	let (labels, targets) = load(manifest, graph, field).map_err(input_error)?;
	// Labels of positions are padded where the positions are.
	let padding = mask.filter(|_| matches!(shape, Shape::Sequence { .. }));
	let counted = counted.as_ref().map(|name| masked(graph, name));
	let counted = counted.transpose().map_err(input_error)?.or(padding);
	graph.origin = Some(manifest.loss.span);
	let wrong = |message| ErrorKind::Layer { layer: kind.name(), message };
	let nodes = |graph: &mut Graph| {
		let counted = counted.map(|mask| mask.column(graph)).transpose()?;
		let accumulate = manifest.updates.accumulate;
		let (labels, made) = match kind {
			LossKind::CrossEntropy => {
				let labels = column(graph, labels)?;
				(labels, cross_entropy(graph, logits, labels, counted, accumulate)?)
			},
			LossKind::Mse => {
				let wanted = Op::Reshape { rows: ty.rows, cols: ty.cols };
				let targets = match graph.ty(targets) == ty {
					true => targets,
					false => graph.add(wanted, &[targets])?,
				};
				(targets, mean_square(graph, logits, targets, counted, accumulate)?)
			},
		};
		Ok((labels, counted, made))
	};
	let (labels, counted, made) =
		nodes(graph).map_err(|message| manifest.error(wrong(message), last))?;
	graph.origin = None;
	let ends = Ends { input, labels, counted, logits, loss: made.loss, gradient: made.gradient };
	Ok(Built { parameters, learned, ends })
}

/// A record has a label for each row of logits that it makes, or a target for each number in it, and a number for each row in
/// the loss's mask.
fn check_labels(manifest: &Manifest, expected: u32, cols: u32) -> Result<(), Error> {
	let Loss { kind, field: labels, mask, span } = &manifest.loss;
	let width = |name: &String| manifest.data.fields.get(name).map(|field| field.width);
	if let Some((field, width)) = mask.as_ref().and_then(|name| Some((name, width(name)?))) {
		if width != expected {
			let kind = ErrorKind::MaskWidth { field: field.clone(), width, expected };
			return Err(manifest.error(kind, Some(*span)));
		}
	}
	let Some(width) = width(labels) else { return Ok(()) };
	let (field, numbers) = (labels.clone(), u64::from(expected) * u64::from(cols));
	let wrong = match kind {
		LossKind::CrossEntropy if width != expected => {
			ErrorKind::LabelWidth { field, width, expected }
		},
		LossKind::Mse if u64::from(width) != numbers => {
			ErrorKind::TargetWidth { field, width, expected: numbers }
		},
		LossKind::CrossEntropy | LossKind::Mse => return Ok(()),
	};
	Err(manifest.error(wrong, Some(*span)))
}

/// All elements one below the other.
fn column(graph: &mut Graph, value: NodeId) -> Result<NodeId, Refusal> {
	let ty = graph.ty(value);
	if ty.cols == 1 {
		return Ok(value);
	}
	let rows = ty.rows.checked_mul(ty.cols).ok_or("too many labels in a batch")?;
	graph.add(Op::Reshape { rows, cols: 1 }, &[value])
}

/// The node that loads a field, and the one that has it scaled and shifted.
fn load(manifest: &Manifest, graph: &mut Graph, name: &str) -> Result<(NodeId, NodeId), Refusal> {
	let missing = || format!("there is no data field `{name}`");
	let field = manifest.data.fields.get(name).ok_or_else(missing)?;
	let format = match field.format {
		Format::U8 => RecordFormat::U8ToF32,
		Format::F32 => RecordFormat::F32,
		Format::LabelU8 | Format::TokenU8 => RecordFormat::U8ToU32,
		Format::LabelU32 | Format::TokenU32 => RecordFormat::U32,
	};
	let load = graph.add(Op::Load { offset: field.offset, width: field.width, format }, &[])?;
	let mut value = load;
	if field.scale != ONE {
		value = graph.with_constant(Binary::Mul, value, field.scale)?;
	}
	if field.shift != 0 {
		value = graph.with_constant(Binary::Add, value, field.shift)?;
	}
	Ok((load, value))
}

const SMALLER: &str = "a smaller batch, fewer channels or another order of layers may fit";

/// Refuses what the op set refuses: programs that are too large, or that a referee could not judge.
/// The error points at the layer that the refused node was made for.
fn check(finished: &Finished, manifest: &Manifest) -> Result<(), Error> {
	let limits = Limits::new(manifest.data.record_size);
	let Err(error) = finished.program.check(&limits) else { return Ok(()) };
	let (node, reason) = match error {
		ProgramError::FootprintTooLarge { node, footprint } => (
			node,
			format!(
				"one of its tiles needs up to {footprint} tiles, more than {}",
				limits.footprint
			),
		),
		ProgramError::TooMuchWork { node, work } => (
			node,
			format!(
				"one of its tiles takes up to {work} operations, more than {}",
				limits.tile_work
			),
		),
		ProgramError::TooManyBlocks { node, blocks } => {
			(node, format!("it is a sum of {blocks} blocks, more than {}", limits.blocks))
		},
		ProgramError::ValueTooLarge { node, tiles } => {
			(node, format!("it has {tiles} tiles, more than {}", limits.value_tiles))
		},
		other => {
			let message = format!("{other:?}");
			return Err(manifest.error(ErrorKind::Program { message, advice: SMALLER }, None));
		},
	};
	let origin = finished.origins.get(usize::from(node)).copied().flatten();
	let op = finished.program.nodes.get(usize::from(node)).map(|node| node.op);
	let name = op.map(|op| format!("{op:?}")).unwrap_or_default();
	let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
	let message = format!("node {node}, a {name}: {reason}");
	let footprint = matches!(error, ProgramError::FootprintTooLarge { .. });
	let advice = match op.filter(|_| footprint) {
		Some(Op::BatchMatMul(_)) => {
			"a sequence whose length is a multiple of 32 may fit (pad it, and name a `mask`), or heads and groups whose width is a multiple of 32"
		},
		Some(
			Op::Im2Col(_)
			| Op::Col2Im(_)
			| Op::MaxPool(_)
			| Op::MaxPoolGrad(_)
			| Op::AvgPool(_)
			| Op::AvgPoolGrad(_),
		) => "a smaller window may fit, or one that does not overlap the next, or a smaller batch",
		Some(Op::Reshape { .. }) => {
			"vectors whose width divides 32, or is a multiple of it, can lie in another shape; or a smaller batch"
		},
		_ => SMALLER,
	};
	Err(manifest.error(ErrorKind::Program { message, advice }, origin))
}
