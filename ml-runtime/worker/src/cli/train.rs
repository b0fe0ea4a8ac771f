//! `train`: the training of a task on this machine, without a chain.

use std::{
	fmt::Write,
	fs,
	io::ErrorKind,
	ops::ControlFlow,
	path::{Path, PathBuf},
};

use assay_blobs::list_key;
use assay_candle::{Model, StateBlobs};
use assay_commitment::{ListTag, Root};
use assay_executor::{Kernels, OnNonFinite, Outcome, Prepared, Session, Storage};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{json, Value};

use super::{
	blobs::Listing,
	curve::Curve,
	fault::Fault,
	hex::hex,
	measure, memory,
	output::{write_file, write_through},
	task::Task,
	Anchors, Common, Machine, Report,
};

const EXAMPLES: &str = "\
Example:
  assay-worker train mlp-digits.toml --data digits.bin --out run/

Stop it at any time; the same command goes on from the last checkpoint and ends with the same roots. \
Afterwards there are
  run/model.safetensors   the parameters, named as in torch.nn.Sequential
  run/claim.states        the committed states, 32 bytes each
  run/result.json         the claim that a solver would submit, and how fast this machine was
  run/losses.csv          the loss of every step; run/loss.svg is its picture
  run/blobs/<key>         the artefact: list of tensors, tensors, and the list of states
  run/checkpoints/        of no further use
  run/training.txt        which training the folder is of";

/// Train a task on this machine, resumably, up to the claim.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
	/// The task manifest (TOML).
	manifest: PathBuf,
	/// The data set that the manifest describes.
	#[arg(long, value_name = "FILE")]
	data: PathBuf,
	/// A model file (safetensors, f32) whose tensors training starts from, by name. Parameters that it
	/// does not have start as the manifest says.
	#[arg(long, value_name = "FILE")]
	weights: Option<PathBuf>,
	/// A folder for checkpoints and results.
	#[arg(long, value_name = "DIR")]
	out: PathBuf,
	/// Train that many steps instead of the manifest's.
	#[arg(long, value_name = "N")]
	steps: Option<u32>,
	/// End after the first step that makes the loss or a parameter NaN or infinite. A solver goes on, so the claim is then
	/// another one than the task's.
	#[arg(long)]
	stop_on_nan: bool,
	#[command(flatten)]
	machine: Machine,
	#[command(flatten)]
	anchors: Anchors,
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Report, Fault> {
	let task = Task::load(&args.manifest)?;
	let data = task.training_data(&args.data)?;
	let about = &task.manifest.task;
	let steps = args.steps.unwrap_or(about.steps);
	memory::check(&task, args.machine)?;
	if steps == 0 {
		return Err(Fault::NoSteps);
	}
	let on_non_finite = match args.stop_on_nan {
		true => OnNonFinite::Stop,
		// As a solver does: a task has one result, whatever the numbers become.
		false => OnNonFinite::Continue,
	};
	let initial = task.initial(args.weights.as_deref())?.0;
	let job = task.job(data, initial, steps, on_non_finite);
	let prepared = job.prepare(u64::MAX).map_err(|fault| Fault::Task(fault.to_string()))?;
	let kernels = args.machine.kernels(common)?;
	let note = Note::check(&args.out, &task, &prepared)?;
	let table = args.out.join("losses.csv");
	let held = Curve::steps(&table);
	if held > u64::from(steps) {
		let path = args.out.display().to_string();
		return Err(Fault::LongerTraining { path, held, asked: steps });
	}
	assay_worker::log_to_stderr();
	if steps > about.steps && task.manifest.updates.schedule.is_some() {
		log::warn!(
			"the schedule of the learning rate is made for {} steps and begins again after them; `steps` in the manifest \
			makes it longer",
			about.steps
		);
	}
	let storage = Storage::training(args.out.join("checkpoints"), args.anchors.bytes());
	let mut session = Session::start(prepared, kernels, Some(storage))?;
	note.write()?;
	let resumed = session.steps_done();
	let mut curve = Curve::resume(&table, resumed, f32::from_bits(session.loss()))?;
	let outcome = watch(&mut session, &mut curve, common.json)?;
	curve.finish(&args.out.join("loss.svg"), &about.name)?;
	finish(args, &task, &mut session, outcome, resumed)
}

/// What a folder says of the training that it is of.
struct Note {
	path: PathBuf,
	text: String,
}

impl Note {
	/// Refuses a folder that is of another training.
	fn check(folder: &Path, task: &Task, job: &Prepared) -> Result<Self, Fault> {
		let other = |found: String| {
			let path = folder.display().to_string();
			Fault::OtherTraining { path, found }
		};
		let (path, digest) = (folder.join("training.txt"), hex(&job.digest()));
		match fs::read_to_string(&path) {
			Ok(found) if found.split_whitespace().next() != Some(&digest) => {
				return Err(other(found.trim_end().to_owned()));
			},
			Err(error)
				if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
			{
				// Earlier versions left no note, but a result.
				let result = fs::read(folder.join("result.json")).ok();
				let result = result.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
				let roots = [
					("programRoot", hex(&task.commitment.root)),
					("dataRoot", hex(&job.job().data.root())),
					("initRoot", hex(&job.init_root())),
				];
				let differs = |(name, root): &(&str, String)| {
					result.as_ref().is_some_and(|result| result[*name] != root.as_str())
				};
				if let Some((name, _)) = roots.iter().find(|root| differs(root)) {
					return Err(other(format!("its result has another {name}")));
				}
			},
			Err(error) => return Err(Fault::unreadable(&path)(error)),
			Ok(_) => {},
		}
		Ok(Self { path, text: format!("{digest} {}\n", task.manifest.task.name) })
	}

	/// Leaves it.
	fn write(&self) -> Result<(), Fault> {
		write_file(&self.path, self.text.as_bytes())
	}
}

/// Runs a session to its end behind a progress bar.
fn watch<K: Kernels>(
	session: &mut Session<K>,
	curve: &mut Curve,
	silent: bool,
) -> Result<Outcome, Fault> {
	let bar = if silent { ProgressBar::hidden() } else { ProgressBar::new(0) };
	bar.set_length(session.job().job().steps);
	if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ETA {eta}") {
		bar.set_style(style);
	}
	bar.set_position(session.steps_done());
	bar.reset_eta();
	let (stride, last) = (session.job().job().stride.into(), session.job().job().steps);
	let outcome = session.run(|session| {
		bar.set_position(session.steps_done());
		curve.push(session.steps_done(), f32::from_bits(session.loss()));
		// Before the step after which there may be a checkpoint: its own row can be had from there.
		let next = session.steps_done().saturating_add(1);
		if next.is_multiple_of(stride) || next == last {
			curve.flush();
		}
		// Making the line takes longer than a small step.
		if session.steps_done() % 16 == 1 {
			bar.set_message(status(session));
		}
		ControlFlow::Continue(())
	});
	bar.finish_and_clear();
	Ok(outcome?)
}

/// Loss, speed, and the last committed state.
fn status<K: Kernels>(session: &Session<K>) -> String {
	let progress = session.progress();
	let (loss, speed) = (f32::from_bits(progress.loss), progress.steps_per_second);
	let state = hex(session.claim().states().last().map_or(&[][..], |root| &root[..4]));
	format!("loss {loss:.4} {} steps/s state {state}…", rate(speed))
}

/// Steps a second, with as many decimals as say something.
fn rate(speed: f64) -> String {
	match speed {
		10.0.. => format!("{speed:.0}"),
		1.0.. => format!("{speed:.1}"),
		_ => format!("{speed:.3}"),
	}
}

/// Writes what a solver would hand over.
fn finish<K: Kernels>(
	args: &Args,
	task: &Task,
	session: &mut Session<K>,
	outcome: Outcome,
	resumed: u64,
) -> Result<Report, Fault> {
	let (out, claim, steps) = (&args.out, session.claim().clone(), session.steps_done());
	let progress = session.progress();
	let slots = session.slots()?;
	let state = StateBlobs::new(steps, &task.program.slots, &slots);
	let state = state.map_err(Fault::model(out))?;
	let final_state = state.manifest.state_root();
	let list = list_key(ListTag::States, claim.states());
	let mut listed = Listing::default();
	if let Some(name) = listed.add("states", &list, &claim.to_bytes()) {
		write_file(&out.join(name), &claim.to_bytes())?;
	}
	for (index, (key, bytes)) in state.blobs().enumerate() {
		let what = if index == 0 { "slots" } else { "tensor" };
		if let Some(name) = listed.add(what, &key, &bytes) {
			write_file(&out.join(name), &bytes)?;
		}
	}
	write_model(&out.join("model.safetensors"), task, &slots, &final_state)?;
	write_file(&out.join("claim.states"), &claim.to_bytes())?;
	let loss = f32::from_bits(progress.loss);
	let non_finite = match outcome {
		Outcome::Completed => None,
		Outcome::NonFinite { step } => {
			log::warn!(
				"the training diverged: the loss or a parameter is NaN or infinite from step {step} on (counted from 0). A \
				smaller learning rate, or `clip` in the optimiser, may help"
			);
			Some(step)
		},
	};
	let json = json!({
		"claim": {
			"root": hex(&claim.root()),
			"states": claim.states().len(),
			"finalState": hex(&final_state),
			"artifactRoot": hex(state.manifest.key().root()),
			"steps": steps,
		},
		"programRoot": hex(&task.commitment.root),
		"dataRoot": hex(&session.job().job().data.root()),
		"initRoot": hex(&session.job().init_root()),
		"stride": session.job().job().stride,
		"measured": measure::json(&progress.pace, task),
		"loss": loss,
		"nonFiniteStep": non_finite,
		"blobs": listed.entries(),
	});
	write_file(&out.join("result.json"), format!("{json:#}\n").as_bytes())?;
	let text = summary(out, session.job(), resumed, &json, progress.steps_per_second);
	Ok(Report { json, text })
}

/// Writes the parameters among the slots of a state as a model file.
pub(crate) fn write_model(
	path: &Path,
	task: &Task,
	slots: &[impl AsRef<[u32]>],
	state_root: &Root,
) -> Result<(), Fault> {
	write_through(path, |file| {
		Model::write(&task.compiled.parameters, slots, Some(state_root), file)
			.map_err(Fault::model(path))
	})
}

/// The result for people.
fn summary(
	out: &Path,
	job: &Prepared,
	resumed: u64,
	json: &serde_json::Value,
	speed: f64,
) -> String {
	let mut text = String::new();
	let mut line = |name: &str, value: String| {
		let _ = writeln!(text, "{name:<15}{value}"); // Writing to a string does not fail.
	};
	let claim = &json["claim"];
	let root = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
	let from = if resumed > 0 { format!(", resumed at {resumed}") } else { String::new() };
	line("steps", format!("{}{from}, {} a second", claim["steps"], rate(speed)));
	line("loss", json["loss"].to_string());
	if let Some(stride) = json["measured"]["recommendedStride"].as_u64() {
		line("stride", format!("{} (recommended on this machine: {stride})", json["stride"]));
	}
	if let Some(step) = json["nonFiniteStep"].as_u64() {
		line("not finite", format!("loss or a parameter, first in step {step} (counted from 0)"));
	}
	line("claim root", format!("{} over {} states", root(&claim["root"]), claim["states"]));
	line("init root", hex(&job.init_root()));
	line("final state", root(&claim["finalState"]));
	line("artefact root", root(&claim["artifactRoot"]));
	line("written", out.display().to_string());
	text.trim_end().to_owned()
}
