//! Model files and states: what goes out comes back, and nothing else gets in.

use std::io::Cursor;

use assay_blobs::StateManifest;
use assay_candle::{read_slots, tensor_bytes, tensor_words, Error, Model, StateBlobs};
use assay_commitment::tensor_root;
use assay_compiler::Parameter;
use assay_ops::{DType, Slot, ValueType};

fn parameters() -> Vec<Parameter> {
	let parameter =
		|name: &str, shape: &[u32]| Parameter { name: name.into(), shape: shape.into() };
	vec![parameter("0.weight", &[3, 2, 2, 1]), parameter("0.bias", &[3])]
}

fn slot(rows: u32, cols: u32) -> Slot {
	Slot { ty: ValueType { dtype: DType::F32, rows, cols }, next: 0, parameter: true }
}

/// Words that a conversion by way of numbers would change: NaN with a payload, −0, subnormal.
fn contents() -> Vec<Vec<u32>> {
	let mut weight: Vec<u32> = (0..12).map(|x| (x as f32 / 7.0).to_bits()).collect();
	weight[..3].copy_from_slice(&[0x7F80_0001, 0x8000_0000, 1]);
	vec![weight, vec![9, 8, 7], vec![1; 40 * 70]]
}

fn slots() -> Vec<Slot> {
	vec![slot(3, 4), slot(1, 3), slot(40, 70)]
}

#[test]
fn model_should_keep_every_bit_when_written_and_read() {
	let model = Model::from_slots(&parameters(), &contents()).unwrap();
	let bytes = model.to_safetensors(Some(&[0xab; 32])).unwrap();
	assert_eq!(Model::from_safetensors(&parameters(), Cursor::new(&bytes)).unwrap(), model);
	assert_eq!(model.slots(), &contents()[..2]);
	let noted = Model::noted_state_root(&bytes).unwrap();
	assert_eq!(noted, Some(format!("0x{}", "ab".repeat(32))));
	assert_eq!(bytes, model.to_safetensors(Some(&[0xab; 32])).unwrap());
}

#[test]
fn model_should_be_what_candle_reads_when_written() {
	let model = Model::from_slots(&parameters(), &contents()).unwrap();
	let bytes = model.to_safetensors(None).unwrap();
	let read = candle_core::safetensors::load_buffer(&bytes, &candle_core::Device::Cpu).unwrap();
	assert_eq!(read["0.weight"].dims(), [3, 2, 2, 1]);
	let bias = read["0.bias"].to_vec1::<f32>().unwrap();
	assert_eq!(bias.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), [9, 8, 7]);
}

#[test]
fn model_should_be_refused_when_tensors_do_not_fit() {
	let bytes =
		Model::from_slots(&parameters(), &contents()).unwrap().to_safetensors(None).unwrap();
	let refused = |change: fn(&mut Vec<Parameter>)| {
		let mut parameters = parameters();
		change(&mut parameters);
		Model::from_safetensors(&parameters, Cursor::new(&bytes)).unwrap_err()
	};
	assert!(
		matches!(refused(|p| drop(p.pop())), Error::UnexpectedTensor { name } if name == "0.bias")
	);
	assert!(matches!(refused(|p| p[1].shape = vec![1, 3]), Error::WrongShape { .. }));
	let more = |p: &mut Vec<Parameter>| p.push(Parameter { name: "1.bias".into(), shape: vec![1] });
	assert!(matches!(refused(more), Error::MissingTensor { name } if name == "1.bias"));
	// All that does not fit is named at once.
	let several = refused(|parameters| {
		parameters[0].shape = vec![12];
		parameters[1].name = "1.bias".into();
	});
	let several = several.to_string();
	for part in ["does not fit", "[3, 2, 2, 1]", "[12]", "no tensor `1.bias`", "a tensor `0.bias`"]
	{
		assert!(several.contains(part), "{part} in {several}");
	}
	for cut in [0, 7, 20, bytes.len() - 1] {
		let refused = Model::from_safetensors(&parameters(), Cursor::new(&bytes[..cut]));
		assert!(matches!(refused, Err(Error::Safetensors(_))), "cut at {cut}");
	}
}

/// A file of this header and so many bytes of data.
fn crafted(header: &str, data: usize) -> Vec<u8> {
	let length = (header.len() as u64).to_le_bytes();
	[&length[..], header.as_bytes(), &vec![0; data]].concat()
}

#[test]
fn model_should_be_refused_when_its_header_is_crafted() {
	let entry = |dtype: &str, shape: &str, offsets: &str| {
		format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}"#)
	};
	let bias = entry("F32", "[3]", "[0,12]");
	let files = [
		// A length beyond the file, and one beyond memory.
		[&100_u64.to_le_bytes()[..], b"{}"].concat(),
		[&u64::MAX.to_le_bytes()[..], b"{}"].concat(),
		crafted("", 0),
		crafted("[]", 0),
		crafted("{\"0.bias\":1}", 12),
		crafted(&"[".repeat(100_000), 0),
		crafted(&format!("{{\"0.bias\":{}}}", entry("F33", "[3]", "[0,12]")), 12),
		crafted(&format!("{{\"0.bias\":{}}}", entry("F32", "[-3]", "[0,12]")), 12),
		// Sides whose product is beyond 64 bits.
		crafted(
			&format!("{{\"0.bias\":{}}}", entry("F32", "[4294967296,4294967296]", "[0,12]")),
			12,
		),
		// Beyond the data, backwards, with a gap, overlapping, less than is there.
		crafted(&format!("{{\"0.bias\":{}}}", entry("F32", "[3]", "[0,13]")), 12),
		crafted(&format!("{{\"0.bias\":{}}}", entry("F32", "[3]", "[12,0]")), 12),
		crafted(&format!("{{\"0.bias\":{}}}", entry("F32", "[3]", "[4,16]")), 16),
		crafted(&format!("{{\"0.bias\":{bias},\"0.weight\":{bias}}}"), 12),
		crafted(&format!("{{\"0.bias\":{bias}}}"), 16),
	];
	for (number, bytes) in files.iter().enumerate() {
		let refused = Model::from_safetensors(&parameters(), Cursor::new(bytes));
		assert!(matches!(refused, Err(Error::Safetensors(_))), "file {number}: {refused:?}");
		let refused = Model::start_from(&parameters(), Cursor::new(bytes));
		assert!(matches!(refused, Err(Error::Safetensors(_))), "file {number}: {refused:?}");
	}
	// The same, whole.
	let whole = crafted(&format!("{{\"0.bias\":{bias}}}"), 12);
	let found = Model::start_from(&parameters(), Cursor::new(&whole)).unwrap();
	assert_eq!(found, [None, Some(vec![0; 3])]);
}

/// A model file with the bias alone.
fn bias_file(words: [u32; 3]) -> Vec<u8> {
	let model = Model::from_slots(&parameters()[1..], &[words.to_vec()]).unwrap();
	model.to_safetensors(None).unwrap()
}

#[test]
fn training_should_start_from_the_tensors_of_a_file_when_it_has_some() {
	let found = Model::start_from(&parameters(), Cursor::new(bias_file([1, 2, 3]))).unwrap();
	assert_eq!(found, [None, Some(vec![1, 2, 3])]);
}

#[test]
fn file_to_start_from_should_be_refused_when_it_does_not_fit() {
	let infinite = Cursor::new(bias_file([1, 0x7F80_0000, 3]));
	let refused = Model::start_from(&parameters(), infinite);
	assert!(matches!(refused, Err(Error::NotFinite { name }) if name == "0.bias"));
	let refused = Model::start_from(&parameters()[..1], Cursor::new(bias_file([1, 2, 3])));
	assert!(matches!(refused, Err(Error::UnexpectedTensor { .. })));
}

#[test]
fn tensors_should_be_read_whole_when_they_are_longer_than_what_is_read_at_a_time() {
	// Two and a half times as long, and another one behind it.
	let parameter = |name: &str, side| Parameter { name: name.into(), shape: vec![side] };
	let parameters = [parameter("long", 655_360), parameter("next", 2)];
	let slots = [(0..655_360).collect(), vec![7, 8]];
	let model = Model::from_slots(&parameters, &slots).unwrap();
	let bytes = model.to_safetensors(None).unwrap();
	assert_eq!(Model::from_safetensors(&parameters, Cursor::new(bytes)).unwrap(), model);
}

#[test]
fn tensor_should_have_the_root_of_its_bytes_when_split_into_tiles() {
	for (slot, words) in slots().iter().zip(contents()) {
		let bytes = tensor_bytes(&slot.ty, &words).unwrap();
		let root = *assay_blobs::bytes_key(&bytes).root();
		assert_eq!(Some(root), tensor_root(&slot.ty, &words));
		assert_eq!(tensor_words(&slot.ty, &bytes), Some(words));
	}
}

#[test]
fn state_should_come_back_when_blobs_are_whole() {
	let contents = contents();
	let blobs = StateBlobs::new(9, &slots(), &contents).unwrap();
	let all: Vec<_> = blobs.blobs().collect();
	assert_eq!(all.len(), 4);
	for (key, bytes) in &all[1..] {
		assert_eq!(*key, assay_blobs::bytes_key(bytes));
	}
	let manifest = StateManifest::from_bytes(blobs.manifest.step, &all[0].1).unwrap();
	assert_eq!((&manifest, manifest.key()), (&blobs.manifest, all[0].0));
	let read = read_slots(&slots(), &manifest, |root| -> Result<_, Error> {
		let found = all.iter().find(|(key, _)| key.root() == root).unwrap();
		Ok(found.1.clone())
	});
	assert_eq!(read.unwrap(), contents);
}

/// Reads a state in which each tensor's bytes were changed, under the roots of the changed bytes.
fn read_changed(change: fn(&mut Vec<u8>), honest_roots: bool) -> Error {
	let contents = contents();
	let blobs = StateBlobs::new(9, &slots(), &contents).unwrap();
	let mut tensors: Vec<_> = blobs.blobs().skip(1).map(|(_, bytes)| bytes).collect();
	tensors.iter_mut().for_each(change);
	let roots = tensors.iter().map(|bytes| *assay_blobs::bytes_key(bytes).root());
	let changed = StateManifest::new(9, roots.collect()).unwrap();
	let manifest = if honest_roots { blobs.manifest } else { changed };
	let mut tensors = tensors.into_iter();
	read_slots(&slots(), &manifest, |_| Ok::<_, Error>(tensors.next().unwrap())).unwrap_err()
}

#[test]
fn state_should_be_refused_when_a_tensor_is_not_the_one_named() {
	let refused = read_changed(|bytes| bytes[0] ^= 1, true);
	assert!(matches!(refused, Error::WrongContent { slot: 0, .. }));
	assert!(matches!(read_changed(|bytes| bytes.truncate(4095), false), Error::SlotSize { .. }));
	// Word 5 of the first row of a 3 × 4 tensor.
	let refused = read_changed(|bytes| bytes[20] = 1, false);
	assert!(matches!(refused, Error::Padding { slot: 0 }));
	let manifest = StateManifest::new(0, vec![[0; 32]]).unwrap();
	let refused = read_slots(&slots(), &manifest, |_| Err(Error::Records)).unwrap_err();
	assert!(matches!(refused, Error::SlotCount { expected: 3, got: 1 }));
}
