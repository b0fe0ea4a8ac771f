//! `eval`: how good a model is, by the executor and by candle.

use std::{collections::BTreeMap, path::PathBuf};

use assay_candle::{evaluate, logits_file, Model};
use assay_compiler::Precision;
use indicatif::ProgressBar;
use serde_json::json;

use super::{
	fault::Fault,
	output::{distinct, write_file},
	task::Task,
	Common, Machine, Report,
};

const EXAMPLES: &str = "\
Example:
  assay-worker eval mlp-digits.toml --model model.safetensors --data digits-test.bin --json

The data file holds records as the manifest describes them, in any number. Logits are computed twice: \
by the executor, on the bits that the chain knows, and by candle, an independent implementation. If \
they differ by more than the tolerance, the exit code is 5. Accuracy, loss and the file of logits are of \
the manifest's numerics; where these are integers, candle is compared with the executor in f32, and \
\"largestRounding\" says how far the integers are from that.";

/// Measure the accuracy of a model, and compare executor and candle.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
	/// The task manifest (TOML) that the model belongs to.
	manifest: PathBuf,
	/// The parameters.
	#[arg(long, value_name = "FILE")]
	model: PathBuf,
	/// Records to evaluate on.
	#[arg(long, value_name = "FILE")]
	data: PathBuf,
	/// Write the executor's logits to a safetensors file: `logits`, one row per label, in the order of the
	/// data.
	#[arg(long, value_name = "FILE")]
	logits: Option<PathBuf>,
	/// Largest accepted difference of logits, as a share of the largest logit (or of 1).
	#[arg(long, default_value_t = 1e-3, value_name = "SHARE", value_parser = share)]
	tolerance: f64,
	#[command(flatten)]
	machine: Machine,
}

/// A number that is at least 0.
fn share(text: &str) -> Result<f64, String> {
	let share = text.parse().ok().filter(|share: &f64| share.is_finite() && *share >= 0.0);
	share.ok_or_else(|| "a share is a number of at least 0, such as 0.001".into())
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Report, Fault> {
	if let Some(path) = &args.logits {
		distinct(path, &[&args.manifest, &args.model, &args.data])?;
	}
	let task = Task::load(&args.manifest)?;
	let parameters = &task.compiled.parameters;
	let file = task.model_file(&args.model)?;
	let model = Model::from_safetensors(parameters, file).map_err(Fault::model(&args.model))?;
	let data = task.other_data(&args.data)?;
	let kernels = args.machine.kernels(common)?;
	let bar = if common.json { ProgressBar::hidden() } else { ProgressBar::new(data.records()) };
	let mut logits: BTreeMap<u64, Vec<f32>> = BTreeMap::new();
	let found = evaluate(&task.manifest, &model, &data, &kernels, |record, row| {
		bar.inc(1);
		if args.logits.is_some() {
			logits.insert(record, row.to_vec());
		}
	});
	bar.finish_and_clear();
	let found = found.map_err(Fault::model(&args.data))?;
	if let Some(path) = &args.logits {
		let rows = logits.into_values().flatten();
		let bytes = logits_file(rows.collect(), found.rows).map_err(Fault::model(path))?;
		write_file(path, &bytes)?;
	}
	// What candle makes of NaN in a parameter is its own: not all of its functions keep it.
	let is_finite = |word: &u32| f32::from_bits(*word).is_finite();
	let has_diverged = !model.slots().iter().flatten().all(is_finite);
	if !has_diverged && !found.agrees_within(args.tolerance) {
		let (ours, candles) = (100.0 * found.accuracy(), 100.0 * found.candle_accuracy());
		let accuracy = match found.has_labels {
			true => format!("; accuracy {ours:.2} % and {candles:.2} %"),
			false => String::new(),
		};
		let (found, largest) = (found.largest_difference, found.largest_logit);
		return Err(Fault::Disagreement { found, largest, accuracy });
	}
	let labelled = |value: serde_json::Value| if found.has_labels { value } else { json!(null) };
	let json = json!({
		"records": found.records,
		"labels": found.labels,
		"correct": labelled(json!(found.correct)),
		"accuracy": labelled(json!(found.accuracy())),
		"loss": found.loss,
		"candle": {
			"correct": labelled(json!(found.candle_correct)),
			"accuracy": labelled(json!(found.candle_accuracy())),
		},
		"largestDifference": found.largest_difference,
		"largestLogit": found.largest_logit,
		"largestRounding": found.largest_rounding,
		"nonFiniteLogits": found.non_finite,
	});
	let (difference, largest) = (found.largest_difference, found.largest_logit);
	let text = match found.has_labels {
		true => format!(
			"accuracy       {:.2} % ({} of {} labels)\nloss           {:.4}\n\
			by candle      {:.2} %, logits differ by at most {difference:.2e} (largest logit {largest:.2})",
			100.0 * found.accuracy(),
			found.correct,
			found.labels,
			found.loss,
			100.0 * found.candle_accuracy(),
		),
		// As many figures as it has, however small it is.
		false => format!(
			"loss           {:.4e}, the mean square of {} rows\n\
			by candle      outputs differ by at most {difference:.2e} (largest output {largest:.2})",
			found.loss, found.labels,
		),
	};
	let text = match task.manifest.numerics.forward {
		Precision::F32 => text,
		Precision::Q15x3 | Precision::I8 => format!(
			"{text}\nby integers    logits differ from those in f32 by at most {:.2e}",
			found.largest_rounding
		),
	};
	let text = match found.non_finite {
		0 => text,
		count => format!("{text}\nnot finite     {count} logits: the training has diverged"),
	};
	Ok(Report { json, text })
}
