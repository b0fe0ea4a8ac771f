//! Replays the committed inputs, and the seeds, with the ordinary build.

use std::{fs, path::PathBuf};

use assay_fuzz::{seeds, Check, Source, CHECKS};

/// The folder of this package, where it is now: what another clone has built, in a folder of builds that both use, may be run.
fn package() -> PathBuf {
	let now = std::env::var_os("CARGO_MANIFEST_DIR");
	now.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// Replays every file of a check's folder; gives how many there were.
fn replay(name: &str, check: Check) -> usize {
	let folder = package().join("corpus").join(name);
	let mut files: Vec<_> = fs::read_dir(&folder)
		.unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
		.map(|entry| entry.expect("a folder can be listed").path())
		.collect();
	files.sort();
	for file in &files {
		let bytes = fs::read(file).expect("a file can be read");
		// A failure names the file as well as the property.
		eprintln!("{}", file.display());
		check(&bytes);
	}
	files.len()
}

macro_rules! corpora {
	($($test:ident: $name:literal;)*) => {
		$(#[test]
		fn $test() {
			let (_, check) = CHECKS.into_iter().find(|(name, _)| *name == $name).expect("a check");
			assert!(replay($name, check) > 10, "the corpus of {} is nearly empty", $name);
		})*

		#[test]
		fn every_check_should_have_a_corpus() {
			let tested = [$($name),*];
			assert_eq!(CHECKS.map(|(name, _)| name), tested);
		}
	};
}

corpora! {
	decoders_should_hold_on_the_corpus: "decoders";
	game_should_hold_on_the_corpus: "game";
	manifest_should_hold_on_the_corpus: "manifest";
	openings_should_hold_on_the_corpus: "openings";
	program_should_hold_on_the_corpus: "program";
	referee_should_hold_on_the_corpus: "referee";
	soft_should_hold_on_the_corpus: "soft";
}

#[test]
fn checks_should_hold_on_the_seeds() {
	for (name, bytes) in seeds::all() {
		let (_, check) = CHECKS.into_iter().find(|(known, _)| *known == name).expect("a check");
		check(&bytes);
	}
}

/// What the search does all day, a little of it: the types that the fuzz targets leave out get no more.
#[test]
fn checks_should_hold_on_edited_seeds() {
	let mut random = 7u64;
	for (name, bytes) in seeds::all() {
		let (_, check) = CHECKS.into_iter().find(|(known, _)| *known == name).expect("a check");
		for _ in 0..8 {
			random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
			let choices = [random.to_be_bytes(), random.rotate_left(24).to_be_bytes()].concat();
			let (first, rest) = bytes.split_at(bytes.len().min(1));
			check(&[first, &Source::new(&choices).edited(rest.to_vec(), &[])].concat());
		}
	}
}

#[test]
fn checks_should_hold_on_nothing() {
	for (_, check) in CHECKS {
		check(&[]);
		check(&[0; 300]);
		check(&[0xFF; 300]);
	}
}
