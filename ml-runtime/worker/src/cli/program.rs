//! A step program for people: nodes, shapes, and what each costs.

use assay_commitment::program_root;
use assay_executor::peak_words;
use assay_ops::{CheckedProgram, DType, Limits, NodeSpec, Op, Program, ProgramError, ValueType};
use serde_json::{json, Value};

use super::{compile::cost, fault::Fault, hex::hex, memory, Report};

/// Checks a program whose data set is unknown: records are as long as its loads need.
pub(crate) fn check(program: &Program) -> Result<CheckedProgram, Fault> {
	let end = |op: &Op| match op {
		Op::Load { offset, width, format } => {
			offset.saturating_add(width.saturating_mul(format.bytes()))
		},
		_ => 0,
	};
	let record_size = program.nodes.iter().map(|node| end(&node.op)).max().unwrap_or_default();
	let refused = |error: ProgramError| Fault::Program { message: error.to_string() };
	program.check(&Limits::new(record_size)).map_err(refused)
}

fn shape(ty: &ValueType) -> String {
	let dtype = match ty.dtype {
		DType::F32 => "f32",
		DType::U32 => "u32",
	};
	format!("{}×{} {dtype}", ty.rows, ty.cols)
}

fn node(spec: &NodeSpec) -> Value {
	json!({
		"id": spec.id,
		"op": format!("{:?}", spec.op),
		"inputs": spec.inputs.iter().map(|input| input.id).collect::<Vec<_>>(),
		"shape": [spec.ty.rows, spec.ty.cols],
		"flops": spec.flops(),
		"blocks": spec.blocks(),
		"worstTileFootprint": spec.worst_footprint(),
	})
}

fn line(spec: &NodeSpec) -> String {
	let inputs: Vec<String> = spec.inputs.iter().map(|input| input.id.to_string()).collect();
	format!(
		"\n{:>4}  {:<16} {:>6} tiles  {:>14}  {:<8}  {:?}",
		spec.id,
		shape(&spec.ty),
		spec.worst_footprint(),
		spec.flops().unwrap_or(u64::MAX),
		inputs.join(" "),
		spec.op,
	)
}

/// Everything about a checked program of `bytes` bytes.
pub(crate) fn report(kind: &str, bytes: usize, program: &CheckedProgram) -> Result<Report, Fault> {
	let too_large = || Fault::Program { message: "it is too large".into() };
	let commitment = program_root(program).ok_or_else(too_large)?;
	let slots: Vec<Value> = program
		.slots
		.iter()
		.map(|slot| {
			let shape = [slot.ty.rows, slot.ty.cols];
			json!({ "shape": shape, "next": slot.next, "parameter": slot.parameter })
		})
		.collect();
	let json = json!({
		"kind": kind,
		"programRoot": hex(&commitment.root),
		"bytes": bytes,
		"batch": program.batch,
		"loss": program.loss,
		"cost": cost(program),
		"nodes": program.specs.iter().map(node).collect::<Vec<_>>(),
		"slots": slots,
	});
	let cost = &program.cost;
	let mut text = format!(
		"program root {}\n{bytes} bytes, batch {}, loss in node {}\n\
		a step: {} flop, {} bytes moved, {} words, {} of memory at once; worst tile reads {} tiles, longest sum {} blocks\n\
		\nnode  value            a tile reads            flop  operands  operation",
		hex(&commitment.root),
		program.batch,
		program.loss,
		cost.flops,
		cost.bytes,
		cost.words,
		memory::bytes(peak_words(program).saturating_mul(4)),
		cost.worst_tile_footprint,
		cost.max_blocks,
	);
	text.extend(program.specs.iter().map(line));
	text.push_str("\n\nslot  value             next  role");
	for (index, slot) in program.slots.iter().enumerate() {
		let role = if slot.parameter { "parameter" } else { "optimiser" };
		text.push_str(&format!("\n{index:>4}  {:<16} {:>5}  {role}", shape(&slot.ty), slot.next));
	}
	Ok(Report { json, text })
}
