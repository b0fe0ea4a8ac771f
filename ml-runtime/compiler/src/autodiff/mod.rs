//! Reverse-mode differentiation from graph to graph: the backward pass is made of ordinary nodes.

mod pull;
mod shortcut;

use std::collections::BTreeMap;

use assay_ops::{Binary, Broadcast, NodeId};

use crate::graph::{Graph, Refusal};

/// Nodes of the gradients with respect to `parameters`, given the gradient with respect to `output`.
///
/// Nodes are visited from `output` backwards, and only those that depend on a parameter: the first
/// layer makes no gradient of its input, and what is frozen none at all. A value with several consumers
/// gets the sum of what they return, added in the order of the visit. Parameters that `output` does not
/// depend on are missing.
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
		graph.origin = graph.origin_of(id);
		if let Some(shortcut) = graph.shortcut(id) {
			let part = shortcut::pull(graph, shortcut, id, gradient)?;
			add(graph, &mut found, shortcut.input(), part)?;
			continue;
		}
		let node = &nodes[usize::from(id)];
		for (position, input) in node.inputs.iter().enumerate() {
			if learns[usize::from(*input)] {
				let part = pull::pull(graph, (id, node), position, gradient)?;
				add(graph, &mut found, *input, part)?;
			}
		}
	}
	graph.origin = None;
	found.retain(|id, _| parameters.contains(id));
	Ok(found)
}

/// Adds what one consumer returns to the gradient of a node.
fn add(
	graph: &mut Graph,
	found: &mut BTreeMap<NodeId, NodeId>,
	node: NodeId,
	part: NodeId,
) -> Result<(), Refusal> {
	let total = match found.get(&node) {
		Some(sum) => graph.binary(Binary::Add, Broadcast::None, *sum, part)?,
		None => part,
	};
	found.insert(node, total);
	Ok(())
}

#[cfg(test)]
mod tests {
	use assay_ops::{
		eval::StepContext, soft::ONE, step::run_reference, Binary, Broadcast, Limits, Op, Unary,
	};

	use super::*;
	use crate::{graph::Role, init::Init};

	fn slot(graph: &mut Graph, rows: u32, cols: u32) -> NodeId {
		graph.slot(rows, cols, Role::Parameter, Init::Constant { bits: 0 }).unwrap().node
	}

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
			let left = slot(&mut graph, a_rows, a_cols);
			let right = slot(&mut graph, b_rows, b_cols);
			let weight = slot(&mut graph, m as u32, n as u32);
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
		let w = slot(&mut graph, 1, 2);
		let seed = slot(&mut graph, 1, 2);
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
		let w = slot(&mut graph, 1, 2);
		let most = graph.add(Op::RowMax, &[w]).unwrap();
		assert!(gradients(&mut graph, most, most, &[w]).unwrap_err().contains("RowMax"));
	}
}
