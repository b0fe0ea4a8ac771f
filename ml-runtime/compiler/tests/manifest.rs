//! Manifests that must be refused, each with its own error at the right place.

use assay_compiler::{compile, Error, ErrorKind, LayerKind, Manifest};
use miette::Diagnostic;

const GOOD: &str = include_str!("../examples/lenet-digits.toml");

/// The error of the good manifest after a replacement that must hit.
fn refusal(from: &str, to: &str) -> Error {
	assert!(GOOD.contains(from), "`{from}` is not in the manifest");
	refused(&GOOD.replacen(from, to, 1))
}

fn refused(text: &str) -> Error {
	match Manifest::parse(text).and_then(|manifest| compile(&manifest)) {
		Ok(_) => panic!("accepted:\n{text}"),
		Err(error) => error,
	}
}

/// The text that the error points at.
fn pointed(error: &Error, from: &str, to: &str) -> String {
	GOOD.replacen(from, to, 1)[error.span.clone().expect("the error has a place")].to_string()
}

/// `GOOD` with images of another size.
fn image(rows: usize, columns: usize) -> String {
	let numbers = rows * columns;
	GOOD.replacen("[8, 8, 1]", &format!("[{rows}, {columns}, 1]"), 1)
		.replacen("width = 64", &format!("width = {numbers}"), 1)
		.replacen("offset = 64", &format!("offset = {numbers}"), 1)
		.replacen("record_size = 65", &format!("record_size = {}", numbers + 1), 1)
}

#[test]
fn layer_should_be_refused_when_its_kind_is_unknown() {
	let (from, to) = ("kind = \"relu\"", "kind = \"celu\"");
	let error = refusal(from, to);
	assert!(
		matches!(&error.kind, ErrorKind::UnknownKind { what: "layer", found, .. } if found == "celu")
	);
	assert_eq!(pointed(&error, from, to), "\"celu\"");
	assert!(error.help().unwrap().to_string().contains("linear, conv2d"));
}

#[test]
fn linear_should_be_refused_when_it_gets_an_image() {
	let error = refusal("[[model.layer]]\nkind = \"flatten\"\n", "");
	let found = "an image of 2 × 2 × 16".to_string();
	assert_eq!(error.kind, ErrorKind::NotFeatures { layer: "linear", found });
	assert!(error.help().unwrap().to_string().contains("flatten"));
}

#[test]
fn images_should_be_pooled_as_a_whole_whatever_the_batch() {
	let pooled = |height: u32, width: u32, kind: &str, batch: u32| {
		format!(
			"compiler = 1\n[task]\nname = \"t\"\nsteps = 1\nstride = 1\nbatch = {batch}\nseed = 1\n\
			[data]\nrecords = {batch}\nrecord_size = {size}\n[data.fields]\n\
			x = {{ offset = 0, width = {pixels}, format = \"u8\" }}\n\
			y = {{ offset = {pixels}, width = 1, format = \"label_u8\" }}\n\
			[model]\ninput = \"x\"\nshape = [{height}, {width}, 1]\n\
			[[model.layer]]\nkind = \"conv2d\"\nout = 64\nkernel = 1\n\
			[[model.layer]]\nkind = \"{kind}\"\nkernel = [{height}, {width}]\n\
			[[model.layer]]\nkind = \"flatten\"\n[[model.layer]]\nkind = \"linear\"\nout = 3\n\
			[loss]\nkind = \"cross_entropy\"\nlabels = \"y\"\n[optimizer]\nkind = \"sgd\"\nlr = 1\n",
			size = height * width + 1,
			pixels = height * width,
		)
	};
	let squares = (2..=31).map(|side| (side, side));
	for (height, width) in squares.chain([(17, 23), (19, 21), (31, 2), (2, 31), (29, 30), (1, 31)])
	{
		for (kind, batch) in [("avg_pool", 4), ("avg_pool", 64), ("max_pool", 64)] {
			let made = Manifest::parse(&pooled(height, width, kind, batch));
			let made = made.and_then(|manifest| compile(&manifest));
			assert!(made.is_ok(), "{height} {width} {kind} {batch}: {:?}", made.err());
		}
	}
}

#[test]
fn groups_should_be_refused_when_they_do_not_divide_the_channels() {
	let text = GOOD.replacen("kernel = 3", "kernel = 3\ngroups = 2", 1);
	let refused = Manifest::parse(&text).and_then(|manifest| compile(&manifest)).unwrap_err();
	assert!(matches!(refused.kind, ErrorKind::Groups { groups: 2, channels: 1, .. }), "{refused}");
}

#[test]
fn depthwise_convolutions_should_be_judged_when_images_are_large() {
	let text = image(56, 56);
	let start = text.find("[[model.layer]]").unwrap();
	let layer = |keys: &str| format!("[[model.layer]]\nkind = \"conv2d\"\n{keys}\n");
	let wide = layer("out = 96\nkernel = 1");
	let keys = "out = 96\ngroups = 96\nkernel = 3\npad = 1";
	let narrow = layer("out = 8\nkernel = 1\nstride = 4");
	let text = [&text[..start], &wide, &layer(keys), &narrow, &text[start..]].concat();
	let made = Manifest::parse(&text).and_then(|manifest| compile(&manifest));
	assert!(made.is_ok(), "{:?}", made.err());
}

#[test]
fn model_should_be_refused_when_it_tells_one_class_from_no_other() {
	let text = GOOD.replacen("out = 10", "out = 1", 1);
	let refused = Manifest::parse(&text).and_then(|manifest| compile(&manifest)).unwrap_err();
	assert_eq!(refused.kind, ErrorKind::OneClass);
}

#[test]
fn conv2d_should_be_refused_when_it_gets_features() {
	let error = refusal("[8, 8, 1]", "[64]");
	let found = "64 features".to_string();
	assert_eq!(error.kind, ErrorKind::NotAnImage { layer: "conv2d", found });
}

#[test]
fn pool_should_be_refused_when_its_window_is_larger_than_the_image() {
	let error = refusal("kernel = 2", "kernel = [9, 2]");
	let found = "an image of 8 × 8 × 8".to_string();
	assert_eq!(error.kind, ErrorKind::WindowTooLarge { window: "9 × 2".into(), found });
}

#[test]
fn batch_should_be_refused_when_it_is_zero() {
	let error = refusal("batch = 32", "batch = 0");
	assert!(
		matches!(&error.kind, ErrorKind::OutOfRange { key: "batch", found, .. } if found == "0")
	);
}

#[test]
fn batch_should_be_refused_when_it_is_larger_than_the_data_set() {
	let error = refusal("records = 1437", "records = 31");
	assert_eq!(error.kind, ErrorKind::BatchTooLarge { batch: 32, records: 31 });
}

#[test]
fn label_should_be_refused_when_it_has_two_elements() {
	let error = refusal("offset = 64, width = 1", "offset = 63, width = 2");
	assert_eq!(error.kind, ErrorKind::LabelWidth { field: "digit".into(), width: 2, expected: 1 });
}

#[test]
fn label_should_be_refused_when_it_is_scaled() {
	let error = refusal("format = \"label_u8\"", "format = \"label_u8\", scale = 2.0");
	assert_eq!(error.kind, ErrorKind::UnusedKey { kind: "label_u8".into(), key: "scale" });
}

#[test]
fn learning_rate_should_be_refused_when_it_is_not_positive_and_finite() {
	for bad in ["-0.05", "0.0", "-0.0", "1e-60", "1e60"] {
		let (from, to) = ("lr = 0.05", format!("lr = {bad}"));
		let error = refusal(from, &to);
		assert!(
			matches!(&error.kind, ErrorKind::OutOfRange { key: "lr", found, .. } if found == bad),
			"{bad}: {error:?}"
		);
		assert_eq!(pointed(&error, from, &to), bad);
	}
	for bad in ["nan", "inf", "\"0.1\"", "true"] {
		let error = refusal("lr = 0.05", &format!("lr = {bad}"));
		assert!(matches!(error.kind, ErrorKind::Malformed { .. }), "{bad}: {error:?}");
	}
}

#[test]
fn momentum_should_be_refused_when_it_rounds_to_one() {
	let error = refusal("momentum = 0.9", "momentum = 0.99999999");
	assert!(matches!(error.kind, ErrorKind::OutOfRange { key: "momentum", .. }));
}

#[test]
fn model_should_be_refused_when_it_has_too_many_layers() {
	let relu = "[[model.layer]]\nkind = \"relu\"\n";
	let error = refusal(relu, &relu.repeat(510));
	assert_eq!(error.kind, ErrorKind::LayerCount { found: 519, max: 512 });
}

#[test]
fn model_should_be_refused_when_nothing_learns() {
	let model = GOOD.find("[[model.layer]]").unwrap()..GOOD.find("[loss]").unwrap();
	let mut text = GOOD.to_string();
	text.replace_range(model, "[[model.layer]]\nkind = \"flatten\"\n");
	assert_eq!(refused(&text).kind, ErrorKind::NothingToTrain);
}

#[test]
fn manifest_should_be_refused_when_a_key_is_missing() {
	let error = refusal("steps = 200\n", "");
	let ErrorKind::Malformed { message } = &error.kind else { panic!("{error:?}") };
	assert!(message.contains("missing field `steps`"), "{message}");
	let error = refusal("out = 8\n", "");
	assert_eq!(error.kind, ErrorKind::MissingKey { kind: "conv2d".into(), key: "out" });
	let error = refusal("lr = 0.05\n", "");
	assert_eq!(error.kind, ErrorKind::MissingKey { kind: "sgd".into(), key: "lr" });
}

#[test]
fn manifest_should_be_refused_when_a_key_is_unknown() {
	let error = refusal("batch = 32", "batch = 32\nbatches = 3");
	let ErrorKind::Malformed { message } = &error.kind else { panic!("{error:?}") };
	assert!(message.contains("unknown field `batches`"), "{message}");
}

#[test]
fn key_should_be_refused_when_the_kind_has_no_use_for_it() {
	let error = refusal("kind = \"relu\"", "kind = \"relu\"\nout = 3");
	assert_eq!(error.kind, ErrorKind::UnusedKey { kind: "relu".into(), key: "out" });
	let error = refusal("lr = 0.05", "lr = 0.05\nbeta1 = 0.9");
	assert_eq!(error.kind, ErrorKind::UnusedKey { kind: "sgd".into(), key: "beta1" });
}

#[test]
fn manifest_should_be_refused_when_it_is_not_toml_or_too_large() {
	assert!(matches!(refused("[task").kind, ErrorKind::Malformed { .. }));
	let text = format!("{GOOD}#{}", "x".repeat(1 << 20));
	let (bytes, max) = (text.len(), 1 << 20);
	assert_eq!(refused(&text).kind, ErrorKind::TooLarge { bytes, max });
}

#[test]
fn manifest_should_be_refused_when_it_is_for_another_compiler() {
	let error = refusal("compiler = 1", "compiler = 2");
	assert_eq!(error.kind, ErrorKind::Version { found: 2, supported: 1 });
}

#[test]
fn stride_should_be_refused_when_it_is_longer_than_the_training() {
	let error = refusal("stride = 20", "stride = 201");
	let ErrorKind::OutOfRange { key: "stride", expected, .. } = &error.kind else { panic!() };
	assert_eq!(expected, "1 to 200");
}

#[test]
fn field_should_be_refused_when_it_ends_behind_the_record() {
	let error = refusal("record_size = 65", "record_size = 64");
	let field = "digit".into();
	assert_eq!(error.kind, ErrorKind::FieldOutsideRecord { field, end: 65, record_size: 64 });
}

#[test]
fn input_should_be_refused_when_its_shape_has_another_size() {
	let error = refusal("[8, 8, 1]", "[8, 8, 3]");
	assert_eq!(error.kind, ErrorKind::InputWidth { width: 64, elements: 192 });
	let error = refusal("[8, 8, 1]", "[8, 8, 1, 1]");
	assert!(matches!(error.kind, ErrorKind::OutOfRange { key: "shape", .. }));
}

#[test]
fn field_should_be_refused_when_it_does_not_exist_or_has_the_wrong_format() {
	let error = refusal("input = \"pixels\"", "input = \"pixel\"");
	assert_eq!(error.kind, ErrorKind::NoSuchField { field: "pixel".into() });
	let error = refusal("labels = \"digit\"", "labels = \"pixels\"");
	assert!(matches!(error.kind, ErrorKind::WrongFormat { .. }));
	let error = refusal("input = \"pixels\"", "input = \"digit\"");
	assert!(matches!(error.kind, ErrorKind::WrongFormat { .. }));
}

#[test]
fn padding_should_be_refused_when_a_window_could_lie_in_it() {
	let error = refusal("pad = 1", "pad = 3");
	assert!(matches!(error.kind, ErrorKind::OutOfRange { key: "pad", .. }));
	for pad in ["2", "[2, 0]", "[0, 4]"] {
		let with = format!("kernel = [2, 4]\npad = {pad}");
		let error = refusal("kernel = 2", &with);
		assert!(matches!(error.kind, ErrorKind::OutOfRange { key: "pad", .. }), "{pad}");
	}
	// Each direction has its own kernel.
	let with = GOOD.replacen("kernel = 2", "kernel = [2, 4]\npad = [1, 3]", 1);
	assert!(Manifest::parse(&with).is_ok());
}

#[test]
fn name_should_be_refused_when_it_has_other_characters() {
	let error = refusal("name = \"lenet-digits\"", "name = \"../x\"");
	assert_eq!(error.kind, ErrorKind::BadName { name: "../x".into() });
}

#[test]
fn seed_should_be_little_endian_when_it_is_an_integer() {
	let parse = |to: &str| Manifest::parse(&GOOD.replacen("seed = 1", to, 1));
	let hex = format!("seed = \"0x0201{}\"", "00".repeat(30));
	assert_eq!(parse("seed = 0x0102").unwrap().task.seed, parse(&hex).unwrap().task.seed);
	for bad in ["seed = \"0x12\"", "seed = -1", "seed = \"x\"", "seed = \"0x+1\""] {
		assert!(parse(bad).is_err(), "{bad}");
	}
	let digits = "0".repeat(65);
	assert!(parse(&format!("seed = \"0x{digits}\"")).is_err());
}

#[test]
fn decimal_should_be_rounded_once_when_two_roundings_would_differ() {
	// Just above the middle between 1 and the next f32; as f64 it is the middle, which goes down.
	let text = GOOD.replacen("lr = 0.05", "lr = 1.000_000_059_604_644_775_390_626", 1);
	let manifest = Manifest::parse(&text).unwrap();
	let assay_compiler::Optimizer::Sgd { lr, .. } = manifest.optimizer else { panic!() };
	assert_eq!(lr, 0x3F80_0001);
}

#[test]
fn pool_should_step_by_its_kernel_when_no_stride_is_given() {
	let text = GOOD.replacen("kernel = 2", "kernel = [2, 4]", 1);
	let manifest = Manifest::parse(&text).unwrap();
	let LayerKind::MaxPool { kernel, stride, pad } = manifest.model.layers[2].kind else {
		panic!()
	};
	assert_eq!((kernel.height, kernel.width), (2, 4));
	assert_eq!(stride, kernel);
	assert_eq!((pad.height, pad.width), (0, 0));
}

#[test]
fn error_should_print_the_source_line_when_rendered() {
	let error = refusal("kind = \"relu\"", "kind = \"celu\"");
	let mut page = String::new();
	miette::NarratableReportHandler::new().render_report(&mut page, &error).unwrap();
	assert!(page.contains("unknown layer `celu`"), "{page}");
	assert!(page.contains("kind = \"celu\""), "{page}");
	assert!(page.contains("assay::manifest::unknown_kind"), "{page}");
}

#[test]
fn program_should_be_refused_at_its_layer_when_a_tile_cannot_be_judged() {
	let text = image(96, 96).replacen("kernel = 2", "kernel = 31\nstride = 1", 1);
	let error = refused(&text);
	let ErrorKind::Program { message, .. } = &error.kind else { panic!("{error:?}") };
	assert!(message.contains("MaxPool") && message.contains("more than 36"), "{message}");
	let span = error.span.unwrap();
	assert_eq!(&text[span.clone()], "\"max_pool\"");
	assert!(span.end < text.find("kernel = 31").unwrap());
}

#[test]
fn model_should_be_refused_when_its_values_are_too_large() {
	let text = image(4096, 2048).replacen("batch = 32", "batch = 1024", 1);
	let error = refused(&text);
	assert!(matches!(&error.kind, ErrorKind::Layer { layer: "input", .. }), "{error:?}");
}

/// Every character of a manifest removed, and replaced by ones that mean something in TOML: an answer, and
/// never a panic.
#[test]
fn manifest_should_be_read_or_refused_when_a_character_is_damaged() {
	let mut accepted = 0;
	for (place, old) in GOOD.char_indices() {
		for damage in ["", "9", "-", "\"", "[", "\n", ".", "é"] {
			let mut text = GOOD.to_string();
			text.replace_range(place..place + old.len_utf8(), damage);
			if let Ok(manifest) = Manifest::parse(&text) {
				accepted += usize::from(compile(&manifest).is_ok());
			}
		}
	}
	assert!(accepted > 100, "{accepted}");
}
