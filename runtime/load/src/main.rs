//! Packs blocks with each worst call, executes them in the wasm, and says what they took.

use assay_load::{
	machine::{Machine, Taken},
	pack::{pack, Packed},
	scenes,
};
use clap::Parser;
use polkadot_sdk::frame_support::{dispatch::DispatchClass, weights::Weight};
use std::{path::PathBuf, process::ExitCode};

/// Packs a block with each call that a stranger can send until the next is refused, executes it in the
/// wasm, and prints for each: calls; `full`, or `all` where the block took all that there were (no more games
/// can be open, or no more were prepared); bytes; seconds, the least of three executions on a trie in memory,
/// signatures and state root included; and these as a part of the seconds that the block is charged with,
/// both less those of an empty block. What is charged includes a database, which is not measured.
#[derive(Debug, Parser)]
#[command(name = "load.sh", version)]
struct Command {
	/// Only scenes whose name contains this.
	#[arg(long, default_value = "")]
	only: String,
	/// The runtime, if not the one that was built with this program.
	#[arg(long)]
	wasm: Option<PathBuf>,
	/// Names of the scenes, and nothing else.
	#[arg(long)]
	list: bool,
}

fn seconds(weight: Weight) -> f64 {
	weight.ref_time() as f64 / 1e12
}

/// Seconds that a block took, and those that it was charged with.
fn cost(taken: &Taken) -> (f64, f64) {
	(taken.time.as_secs_f64(), seconds(taken.weight.total()))
}

fn line(name: &str, packed: &Packed, (took, charged): (f64, f64), empty: (f64, f64)) {
	let full = if packed.is_full { "full" } else { "all" };
	let part = (took - empty.0) / (charged - empty.1);
	println!(
		"block.{name} {} calls {full} {:.2} MB {took:.3} s {part:.2} x-of-weight",
		packed.transactions.len(),
		packed.bytes as f64 / 1e6,
	);
}

fn main() -> ExitCode {
	let Command { only, wasm, list } = Command::parse();
	let scenes = scenes::all();
	if list {
		scenes.iter().for_each(|scene| println!("{}", scene.name));
		return ExitCode::SUCCESS;
	}
	let wasm = match wasm {
		Some(path) => std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display())),
		None => assay_runtime::WASM_BINARY
			.map(<[u8]>::to_vec)
			.ok_or("built without the wasm: give it with --wasm".into()),
	};
	let machine = match wasm {
		Ok(wasm) => Machine::new(wasm),
		Err(what) => {
			eprintln!("error: {what}");
			return ExitCode::from(2);
		},
	};
	let empty = pack(scenes[0].prepare());
	let empty = cost(&machine.execute(&empty));
	println!("block.empty {:.4} s of {:.4} s", empty.0, empty.1);
	let (mut worst, mut name_of_worst) = (0.0, "");
	for scene in scenes[1..].iter().filter(|scene| scene.name.contains(&only)) {
		let packed = pack(scene.prepare());
		let cost = cost(&machine.execute(&packed));
		line(&scene.name, &packed, cost, empty);
		let part = (cost.0 - empty.0) / (cost.1 - empty.1);
		if packed.class != DispatchClass::Mandatory && part > worst {
			(worst, name_of_worst) = (part, &scene.name);
		}
	}
	println!("load.worst.{name_of_worst} {worst:.2} x-of-weight");
	ExitCode::SUCCESS
}
