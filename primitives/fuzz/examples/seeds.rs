//! Writes the seeds into a folder, one folder per check inside: `seeds FOLDER`.

use std::{env, fs, io, path::PathBuf};

fn main() -> io::Result<()> {
	let folder = PathBuf::from(env::args().nth(1).expect("usage: seeds FOLDER"));
	let seeds = assay_fuzz::seeds::all();
	for (check, bytes) in &seeds {
		let folder = folder.join(check);
		fs::create_dir_all(&folder)?;
		let name = blake3::hash(bytes).to_hex();
		fs::write(folder.join(&name[..16]), bytes)?;
	}
	println!("{} seeds", seeds.len());
	Ok(())
}
