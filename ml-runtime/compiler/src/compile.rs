//! Manifest to programs.

use assay_ops::{soft::ONE, Binary, Limits, NodeId, Op, Program, ProgramError, RecordFormat};

use crate::{
	autodiff,
	error::{Error, ErrorKind},
	graph::{Finished, Graph, Refusal},
	init::Init,
	layers::{Mode, Network, Parameter},
	loss::cross_entropy,
	manifest::{Format, Loss, Manifest, Shape},
	optimizer,
};

/// What a manifest means.
#[derive(Clone, Debug)]
pub struct Compiled {
	/// One training step.
	pub program: Program,
	/// How each slot starts.
	pub inits: Vec<Init>,
	/// The parameters: `parameters[i]` describes slot `i`. Slots behind them are optimiser state.
	pub parameters: Vec<Parameter>,
	/// The evaluation of the same network.
	pub forward: Forward,
}

/// Evaluation of a network on one batch.
#[derive(Clone, Debug)]
pub struct Forward {
	/// Loads a batch, computes logits and loss. Its slots are the parameters, in the order of the
	/// training program, and keep their content. Dropout is absent.
	pub program: Program,
	/// Node of the logits, `batch × classes`.
	pub logits: NodeId,
	/// Node that loads the input field.
	pub input: NodeId,
	/// Node that loads the labels.
	pub labels: NodeId,
}

/// Compiles the training step and the evaluation of a manifest.
pub fn compile(manifest: &Manifest) -> Result<Compiled, Error> {
	let mut graph = Graph::new(manifest.task.batch);
	let Built { parameters, nodes, mut inits, ends } = network(manifest, &mut graph, Mode::Train)?;
	let train = |graph: &mut Graph| -> Result<Vec<Init>, Refusal> {
		let gradients = autodiff::gradients(graph, ends.logits, ends.gradient, &nodes)?;
		optimizer::update(graph, &manifest.optimizer, &nodes, &gradients)
	};
	let refused = |message| manifest.error(ErrorKind::Program { message }, None);
	inits.extend(train(&mut graph).map_err(refused)?);
	let finished = graph.finish(ends.loss, &[]).map_err(refused)?;
	check(&finished, manifest)?;
	let forward = compile_forward(manifest, manifest.task.batch)?;
	Ok(Compiled { program: finished.program, inits, parameters, forward })
}

/// Compiles the evaluation of a manifest's network with another number of records per batch.
///
/// The records of an epoch are a permutation of the data set. So where `batch` divides the number of
/// records, steps `0 .. records / batch` see every record once.
pub fn compile_forward(manifest: &Manifest, batch: u32) -> Result<Forward, Error> {
	let mut graph = Graph::new(batch);
	let Built { ends, .. } = network(manifest, &mut graph, Mode::Evaluate)?;
	let refused = |message| manifest.error(ErrorKind::Program { message }, None);
	let marks = [ends.logits, ends.input, ends.labels];
	let finished = graph.finish(ends.loss, &marks).map_err(refused)?;
	check(&finished, manifest)?;
	let [logits, input, labels] = finished.marked[..] else {
		return Err(refused("a marked node is lost".into()));
	};
	Ok(Forward { program: finished.program, logits, input, labels })
}

/// Nodes at both ends of the network.
#[derive(Clone, Copy)]
struct Ends {
	input: NodeId,
	labels: NodeId,
	logits: NodeId,
	loss: NodeId,
	/// Gradient of the loss with respect to the logits.
	gradient: NodeId,
}

/// The network with its loss.
struct Built {
	parameters: Vec<Parameter>,
	nodes: Vec<NodeId>,
	inits: Vec<Init>,
	ends: Ends,
}

fn network(manifest: &Manifest, graph: &mut Graph, mode: Mode) -> Result<Built, Error> {
	let model = &manifest.model;
	let input_error = |message| manifest.error(ErrorKind::Layer { layer: "input", message }, None);
	let (input, scaled) = load(manifest, graph, &model.input).map_err(input_error)?;
	let mut network = Network::new(graph, mode, scaled, model.shape).map_err(input_error)?;
	for (index, layer) in model.layers.iter().enumerate() {
		let placed = |kind| manifest.error(kind, Some(layer.span.clone()));
		network.graph.origin = Some(index);
		network.push(index, &layer.kind).map_err(placed)?;
	}
	let Network { value: logits, shape, parameters, nodes, inits, .. } = network;
	let last = model.layers.last().map(|layer| layer.span.clone());
	let Shape::Features(_) = shape else {
		let kind = ErrorKind::NotFeatures { layer: "cross_entropy", found: shape.to_string() };
		return Err(manifest.error(kind, last));
	};
	let Loss::CrossEntropy { labels } = &manifest.loss;
	let (labels, _) = load(manifest, graph, labels).map_err(input_error)?;
	let wrong = |message| ErrorKind::Layer { layer: "cross_entropy", message };
	let ends = cross_entropy(graph, logits, labels)
		.map_err(|message| manifest.error(wrong(message), last))?;
	graph.origin = None;
	let ends = Ends { input, labels, logits, loss: ends.loss, gradient: ends.gradient };
	Ok(Built { parameters, nodes, inits, ends })
}

/// The node that loads a field, and the one that has it scaled and shifted.
fn load(manifest: &Manifest, graph: &mut Graph, name: &str) -> Result<(NodeId, NodeId), Refusal> {
	let missing = || format!("there is no data field `{name}`");
	let field = manifest.data.fields.get(name).ok_or_else(missing)?;
	let format = match field.format {
		Format::U8 => RecordFormat::U8ToF32,
		Format::F32 => RecordFormat::F32,
		Format::LabelU8 => RecordFormat::U8ToU32,
		Format::LabelU32 => RecordFormat::U32,
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
		ProgramError::ValueTooLarge { node, words } => {
			(node, format!("it has {words} words, more than {}", limits.value_words))
		},
		other => {
			let message = format!("{other:?}");
			return Err(manifest.error(ErrorKind::Program { message }, None));
		},
	};
	let origin = finished.origins.get(usize::from(node)).copied().flatten();
	let layer = origin.and_then(|index| manifest.model.layers.get(index));
	let op = finished.program.nodes.get(usize::from(node)).map(|node| format!("{:?}", node.op));
	let message = format!("node {node} is {}: {reason}", op.unwrap_or_default());
	Err(manifest.error(ErrorKind::Program { message }, layer.map(|layer| layer.span.clone())))
}
