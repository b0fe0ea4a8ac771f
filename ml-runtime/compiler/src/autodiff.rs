//! Reverse-mode differentiation from graph to graph: the backward pass is made of ordinary nodes.

use std::collections::BTreeMap;

use assay_ops::{Binary, Broadcast, NodeId, Op, Unary};

use crate::graph::{Graph, Refusal};

/// Nodes of the gradients with respect to `parameters`, given the gradient with respect to `output`.
///
/// Nodes are visited from `output` backwards, and only those that depend on a parameter: the first
/// layer makes no gradient of its input. A value with several consumers gets the sum of what they
/// return, added in the order of the visit. Parameters that `output` does not depend on are missing.
pub(crate) fn gradients(
	graph: &mut Graph,
	output: NodeId,
	seed: NodeId,
	parameters: &[NodeId],
) -> Result<BTreeMap<NodeId, NodeId>, Refusal> {
	let nodes = graph.nodes().to_vec();
	let mut learns = vec![false; nodes.len()];
	for (id, node) in nodes.iter().enumerate() {
		learns[id] = parameters.iter().any(|parameter| usize::from(*parameter) == id)
			|| node.inputs.iter().any(|input| learns[usize::from(*input)]);
	}
	let mut found = BTreeMap::from([(output, seed)]);
	for id in (0..=output).rev().filter(|id| learns[usize::from(*id)]) {
		let Some(gradient) = found.get(&id).copied() else { continue };
		let node = &nodes[usize::from(id)];
		graph.origin = graph.origin_of(id);
		for (position, input) in node.inputs.iter().enumerate() {
			if !learns[usize::from(*input)] {
				continue;
			}
			let part = pull(graph, node.op, &node.inputs, position, gradient)?;
			let total = match found.get(input) {
				Some(sum) => graph.binary(Binary::Add, Broadcast::None, *sum, part)?,
				None => part,
			};
			found.insert(*input, total);
		}
	}
	graph.origin = None;
	found.retain(|id, _| parameters.contains(id));
	Ok(found)
}

/// What the node `op(inputs)` returns to its operand at `position` when its result has `gradient`.
fn pull(
	graph: &mut Graph,
	op: Op,
	inputs: &[NodeId],
	position: usize,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let operand = graph.ty(inputs[position]);
	match (op, position) {
		(Op::MatMul { transpose_a, transpose_b }, _) => {
			matmul(graph, (transpose_a, transpose_b), inputs, position, gradient)
		},
		(Op::Binary(Binary::Add, _), 0) | (Op::Binary(Binary::Add, Broadcast::None), _) => {
			Ok(gradient)
		},
		(Op::Binary(Binary::Add, Broadcast::Row), _) => graph.add(Op::ColSum, &[gradient]),
		(Op::Binary(Binary::Mul, spread), 0) => {
			graph.binary(Binary::Mul, spread, gradient, inputs[1])
		},
		(Op::Unary(Unary::Relu), _) => {
			graph.binary(Binary::ReluGrad, Broadcast::None, inputs[0], gradient)
		},
		(Op::Im2Col(window), _) => graph.add(Op::Col2Im(window), &[gradient]),
		(Op::MaxPool(window), _) => graph.add(Op::MaxPoolGrad(window), &[inputs[0], gradient]),
		(Op::AvgPool(window), _) => graph.add(Op::AvgPoolGrad(window), &[gradient]),
		(Op::Reshape { .. }, _) => {
			graph.add(Op::Reshape { rows: operand.rows, cols: operand.cols }, &[gradient])
		},
		(op, _) => Err(format!("no gradient is defined for operand {position} of {op:?}")),
	}
}

/// `C = A · B` with operands stored as the flags say; the gradient has the stored layout as well.
fn matmul(
	graph: &mut Graph,
	(transpose_a, transpose_b): (bool, bool),
	inputs: &[NodeId],
	position: usize,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let (a, b) = (inputs[0], inputs[1]);
	let (left, right, flags) = match (position, transpose_a, transpose_b) {
		// dA = dC · Bᵀ, or its transpose B · dCᵀ where A is stored transposed.
		(0, false, _) => (gradient, b, (false, !transpose_b)),
		(0, true, _) => (b, gradient, (transpose_b, true)),
		// dB = Aᵀ · dC, or its transpose dCᵀ · A where B is stored transposed.
		(_, _, false) => (a, gradient, (!transpose_a, false)),
		(_, _, true) => (gradient, a, (true, transpose_a)),
	};
	graph.add(Op::MatMul { transpose_a: flags.0, transpose_b: flags.1 }, &[left, right])
}

#[cfg(test)]
mod tests {
	use assay_ops::{eval::StepContext, soft::ONE, step::run_reference, Limits};

	use super::*;

	/// The outputs of `nodes` with slot contents of small integers, exact in `f32`.
	fn values(mut graph: Graph, nodes: &[NodeId], slots: &[Vec<i32>]) -> Vec<Vec<f32>> {
		let loss = graph.scalar(ONE).unwrap();
		let finished = graph.finish(loss, nodes).unwrap();
		let program = finished.program.check(&Limits::new(1)).unwrap();
		let bits = |slot: &Vec<i32>| slot.iter().map(|n| (*n as f32).to_bits()).collect();
		let slots: Vec<Vec<u32>> = slots.iter().map(bits).collect();
		let context = StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };
		let outputs = run_reference(&program, &context, &slots, &[0]).unwrap().outputs;
		let floats = |id: &NodeId| outputs[usize::from(*id)].iter().map(|w| f32::from_bits(*w));
		finished.marked.iter().map(|id| floats(id).collect()).collect()
	}

	/// Rows and columns in storage, and the place of element (i, j), of a `rows × cols` operand.
	fn stored(
		rows: usize,
		cols: usize,
		transposed: bool,
	) -> (u32, u32, impl Fn(usize, usize) -> usize) {
		let (r, c) = if transposed { (cols, rows) } else { (rows, cols) };
		let place = move |i, j| if transposed { j * rows + i } else { i * cols + j };
		(r as u32, c as u32, place)
	}

	#[test]
	fn matmul_should_have_the_gradient_of_its_definition_for_every_layout() {
		let (m, k, n) = (2, 3, 4);
		let a: Vec<i32> = (0..6).map(|x| x * x - 7).collect();
		let b: Vec<i32> = (0..12).map(|x| 5 - x * 3 % 7).collect();
		let seed: Vec<i32> = (0..8).map(|x| x * 2 - 3).collect();
		for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
			let (a_rows, a_cols, a_at) = stored(m, k, ta);
			let (b_rows, b_cols, b_at) = stored(k, n, tb);
			let mut graph = Graph::new(1);
			let left = graph.slot(a_rows, a_cols, true).unwrap();
			let right = graph.slot(b_rows, b_cols, true).unwrap();
			let weight = graph.slot(m as u32, n as u32, false).unwrap();
			let op = Op::MatMul { transpose_a: ta, transpose_b: tb };
			let product = graph.add(op, &[left, right]).unwrap();
			let found = gradients(&mut graph, product, weight, &[left, right]).unwrap();
			let (mut da, mut db) = (vec![0.0; a.len()], vec![0.0; b.len()]);
			for (i, j, l) in (0..m * n * k).map(|x| (x / (n * k), x / k % n, x % k)) {
				da[a_at(i, l)] += (seed[i * n + j] * b[b_at(l, j)]) as f32;
				db[b_at(l, j)] += (seed[i * n + j] * a[a_at(i, l)]) as f32;
			}
			let slots = [a.clone(), b.clone(), seed.clone()];
			let found = values(graph, &[found[&left], found[&right]], &slots);
			assert_eq!(found, [da, db], "{ta} {tb}");
		}
	}

	#[test]
	fn gradient_should_be_the_sum_over_consumers_when_there_are_several() {
		let mut graph = Graph::new(1);
		let w = graph.slot(1, 2, true).unwrap();
		let seed = graph.slot(1, 2, false).unwrap();
		let relu = graph.unary(Unary::Relu, w).unwrap();
		let sum = graph.binary(Binary::Add, Broadcast::None, relu, w).unwrap();
		let twice = graph.binary(Binary::Add, Broadcast::None, sum, sum).unwrap();
		let found = gradients(&mut graph, twice, seed, &[w]).unwrap();
		let slots = [vec![3, -4], vec![10, 100]];
		assert_eq!(values(graph, &[found[&w]], &slots), [[40.0, 200.0]]);
	}

	#[test]
	fn gradient_should_be_refused_when_an_operation_has_none() {
		let mut graph = Graph::new(1);
		let w = graph.slot(1, 2, true).unwrap();
		let log = graph.unary(Unary::Log, w).unwrap();
		assert!(gradients(&mut graph, log, w, &[w]).unwrap_err().contains("Log"));
	}
}
