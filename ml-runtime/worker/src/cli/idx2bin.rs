//! `idx2bin`: MNIST's files to records.

use std::path::PathBuf;

use serde_json::json;

use super::{
	fault::Fault,
	hex::hex,
	idx::{Idx, IdxError},
	output::{distinct, write_file},
	task::read,
	Report,
};

const EXAMPLES: &str = "\
Example:
  assay-worker idx2bin --images train-images-idx3-ubyte --labels train-labels-idx1-ubyte \\
      --out mnist.bin

For MNIST each record has 785 bytes: 28 × 28 pixels, then the label. In the manifest:
  [data]
  records = 60000
  record_size = 785
  [data.fields]
  pixels = { offset = 0, width = 784, format = \"u8\", scale = 0.00392156862745098 }
  digit = { offset = 784, width = 1, format = \"label_u8\" }";

/// Largest file that is read.
const MOST: u64 = 4 << 30;

/// Join images and labels of IDX files (MNIST) into records.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
	/// IDX file of images, unsigned bytes.
	#[arg(long, value_name = "IDX")]
	images: PathBuf,
	/// IDX file of labels, one byte each.
	#[arg(long, value_name = "IDX")]
	labels: PathBuf,
	/// The file to write.
	#[arg(long, value_name = "FILE")]
	out: PathBuf,
	/// Take only the first N records.
	#[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
	limit: Option<u32>,
}

pub(crate) fn run(args: &Args) -> Result<Report, Fault> {
	let refused = |path: &PathBuf| {
		let path = path.display().to_string();
		move |source: IdxError| Fault::Idx { path, source }
	};
	distinct(&args.out, &[&args.images, &args.labels])?;
	let (images, labels) = (read(&args.images, MOST)?, read(&args.labels, MOST)?);
	let images = Idx::images(&images).map_err(refused(&args.images))?;
	let labels = Idx::labels(&labels).map_err(refused(&args.labels))?;
	if images.items().len() != labels.items().len() {
		let (images, labels) = (images.items().len(), labels.items().len());
		return Err(Fault::IdxCount { images, labels });
	}
	let records = args.limit.map_or(usize::MAX, |limit| limit as usize).min(images.items().len());
	let record_size = images.size() + 1;
	let mut bytes = Vec::with_capacity(records * record_size);
	for (image, label) in images.items().zip(labels.items()).take(records) {
		bytes.extend_from_slice(image);
		bytes.extend_from_slice(label);
	}
	write_file(&args.out, &bytes)?;
	let root = hex(assay_blobs::bytes_key(&bytes).root());
	let json = json!({
		"records": records,
		"recordSize": record_size,
		"item": images.item,
		"dataRoot": root,
		"out": args.out.display().to_string(),
	});
	let text = format!(
		"{records} records of {record_size} bytes ({:?} and a label) in {}\ndata root  {root}",
		images.item,
		args.out.display(),
	);
	Ok(Report { json, text })
}
