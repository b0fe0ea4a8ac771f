//! `manifest`: what a task manifest can hold, and examples.

use assay_compiler::{EXAMPLES, REFERENCE};
use serde_json::json;

use super::{fault::Fault, Report};

const HELP: &str = "\
Examples:
  assay-worker manifest                                    everything that a manifest can hold
  assay-worker manifest --example lenet-mnist > task.toml  one to begin with
  assay-worker inspect task.toml                           what it compiles to";

/// Print what a task manifest can hold, or an example of one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
	/// Print this example instead.
	#[arg(long, value_name = "NAME", value_parser = names())]
	example: Option<String>,
}

fn names() -> clap::builder::PossibleValuesParser {
	EXAMPLES.map(|(name, _)| name).into()
}

pub(crate) fn run(args: &Args) -> Result<Report, Fault> {
	let asked = |(name, _): &(&str, &str)| args.example.as_deref() == Some(name);
	let text = match EXAMPLES.into_iter().find(asked) {
		Some((_, text)) => text,
		None => REFERENCE,
	};
	let examples = EXAMPLES.map(|(name, _)| name);
	let json = json!({ "text": text, "examples": examples });
	Ok(Report { json, text: text.trim_end().to_owned() })
}
