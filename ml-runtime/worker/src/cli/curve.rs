//! The loss of every step: as a table that survives interruptions, and as a picture.

use std::{
	fs::{self, File},
	io::{BufWriter, Write},
	path::{Path, PathBuf},
};

use plotters::prelude::*;

use super::{fault::Fault, output::write_file};

const HEADER: &str = "step,loss";

/// Points of the picture, so that it stays small for any number of steps.
const POINTS: usize = 1000;

/// Losses by step, in a file that grows as training goes on.
pub(crate) struct Curve {
	path: PathBuf,
	file: BufWriter<File>,
	/// Steps done, and the loss of the last of them.
	rows: Vec<(u64, f32)>,
}

impl Curve {
	/// Steps that a table has, if there is one.
	pub(crate) fn steps(path: &Path) -> u64 {
		read(path).last().map_or(0, |(step, _)| *step)
	}

	/// Goes on with a table after `step` steps, of which the last had this loss: later rows, and what is no row, are
	/// dropped.
	pub(crate) fn resume(path: &Path, step: u64, loss: f32) -> Result<Self, Fault> {
		let mut rows = read(path);
		rows.retain(|(row, _)| *row <= step);
		// The process may have been killed after the checkpoint and before the row.
		if rows.last().map_or(0, |(row, _)| *row) < step {
			rows.push((step, loss));
		}
		let mut text = format!("{HEADER}\n");
		rows.iter().for_each(|(step, loss)| text.push_str(&format!("{step},{loss:?}\n")));
		write_file(path, text.as_bytes())?;
		let file = File::options().append(true).open(path).map_err(Fault::unwritable(path))?;
		Ok(Self { path: path.into(), file: BufWriter::new(file), rows })
	}

	/// Adds the loss of the step after which `step` are done. A disk that is full costs the table, not
	/// the training: [`Curve::finish`] reports it.
	pub(crate) fn push(&mut self, step: u64, loss: f32) {
		self.rows.push((step, loss));
		let _ = writeln!(self.file, "{step},{loss:?}");
	}

	/// Writes what was added: a training that is killed goes on from a committed state, and needs all rows up to it.
	pub(crate) fn flush(&mut self) {
		let _ = self.file.flush();
	}

	/// Completes the table and draws it.
	pub(crate) fn finish(mut self, picture: &Path, title: &str) -> Result<(), Fault> {
		self.file.flush().map_err(Fault::unwritable(&self.path))?;
		let points = means(&self.rows);
		// Nothing finite, nothing to draw.
		let Some(svg) = draw(&points, title) else { return Ok(()) };
		write_file(picture, svg.as_bytes())
	}
}

/// The rows of a table. What is none is left out, and so is a last one without its end, which may have been cut.
fn read(path: &Path) -> Vec<(u64, f32)> {
	let row = |line: &str| {
		let (step, loss) = line.split_once(',')?;
		Some((step.parse().ok()?, loss.parse().ok()?))
	};
	let text = fs::read_to_string(path).unwrap_or_default();
	let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
	whole.lines().filter_map(row).collect()
}

/// Finite losses, neighbours averaged so that at most [`POINTS`] are left.
fn means(rows: &[(u64, f32)]) -> Vec<(f64, f64)> {
	let finite: Vec<_> = rows.iter().filter(|(_, loss)| loss.is_finite()).collect();
	let each = finite.len().div_ceil(POINTS).max(1);
	let mean = |run: &[&(u64, f32)]| {
		let last = run.last().map_or(0, |(step, _)| *step);
		let sum: f64 = run.iter().map(|(_, loss)| f64::from(*loss)).sum();
		(last as f64, sum / run.len() as f64)
	};
	finite.chunks(each).map(mean).collect()
}

fn draw(points: &[(f64, f64)], title: &str) -> Option<String> {
	let (first, last) = (points.first()?.0, points.last()?.0);
	let losses = || points.iter().map(|(_, loss)| *loss);
	let (low, high) = (losses().fold(f64::MAX, f64::min), losses().fold(f64::MIN, f64::max));
	let room = ((high - low) * 0.05).max(1e-6);
	let mut svg = String::new();
	{
		let root = SVGBackend::with_string(&mut svg, (900, 480)).into_drawing_area();
		root.fill(&WHITE).ok()?;
		let mut chart = ChartBuilder::on(&root)
			.caption(title, ("sans-serif", 18))
			.margin(12)
			.x_label_area_size(40)
			.y_label_area_size(60)
			.build_cartesian_2d(first..last.max(first + 1.0), (low - room)..(high + room))
			.ok()?;
		let mesh = &mut chart.configure_mesh();
		mesh.x_desc("steps").y_desc("loss").x_label_formatter(&|step| format!("{step:.0}"));
		mesh.draw().ok()?;
		chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE)).ok()?;
		root.present().ok()?;
	}
	Some(svg)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn rows(path: &Path) -> String {
		fs::read_to_string(path).unwrap()
	}

	#[test]
	fn table_should_have_each_step_once_when_training_was_interrupted() {
		let desk = tempfile::tempdir().unwrap();
		let path = desk.path().join("losses.csv");
		let mut curve = Curve::resume(&path, 0, f32::NAN).unwrap();
		(1..=5).for_each(|step| curve.push(step, 1.0 / step as f32));
		drop(curve);
		// The checkpoint was after step 3, and the last line was cut.
		fs::write(&path, format!("{}6,0.", rows(&path))).unwrap();
		assert_eq!(Curve::steps(&path), 5);
		let mut curve = Curve::resume(&path, 3, f32::NAN).unwrap();
		curve.push(4, 0.25);
		curve.finish(&desk.path().join("loss.svg"), "a task").unwrap();
		assert_eq!(rows(&path), "step,loss\n1,1.0\n2,0.5\n3,0.33333334\n4,0.25\n");
		let svg = rows(&desk.path().join("loss.svg"));
		assert!(svg.starts_with("<svg") && svg.contains("a task") && svg.contains("polyline"));
	}

	#[test]
	fn table_should_have_the_row_of_the_checkpoint_when_it_was_not_written() {
		let desk = tempfile::tempdir().unwrap();
		let path = desk.path().join("losses.csv");
		assert_eq!(Curve::steps(&path), 0);
		let mut curve = Curve::resume(&path, 0, f32::NAN).unwrap();
		curve.push(1, 1.0);
		curve.flush();
		curve.push(2, 0.5);
		std::mem::forget(curve);
		let curve = Curve::resume(&path, 2, 0.5).unwrap();
		drop(curve);
		assert_eq!(rows(&path), "step,loss\n1,1.0\n2,0.5\n");
	}

	#[test]
	fn picture_should_be_left_out_when_no_loss_is_finite() {
		let desk = tempfile::tempdir().unwrap();
		let mut curve = Curve::resume(&desk.path().join("losses.csv"), 0, 1.0).unwrap();
		curve.push(1, f32::NAN);
		let picture = desk.path().join("loss.svg");
		curve.finish(&picture, "a task").unwrap();
		assert!(!picture.exists());
	}

	#[test]
	fn points_should_stay_few_when_steps_are_many() {
		let rows: Vec<_> = (0..100_000).map(|step| (step, step as f32)).collect();
		let points = means(&rows);
		assert!(points.len() <= POINTS && points.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
	}
}
