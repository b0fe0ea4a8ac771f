//! Manifests of sequences, nested layers and optimisers that must be refused, each at its place.

use assay_compiler::{compile, Compiled, Error, ErrorKind, Manifest};
use miette::Diagnostic;

const GPT: &str = include_str!("../examples/gpt-tiny.toml");
const RESNET: &str = include_str!("../examples/resnet-digits.toml");

fn refused(text: &str) -> Error {
	match Manifest::parse(text).and_then(|manifest| compile(&manifest)) {
		Ok(_) => panic!("accepted:\n{text}"),
		Err(error) => error,
	}
}

/// The error of an example after replacements that must hit, and the text it points at.
fn refusal(text: &str, changes: &[(&str, &str)]) -> (Error, String) {
	let mut text = text.to_string();
	for (from, to) in changes {
		assert!(text.contains(from), "`{from}` is not in the manifest");
		text = text.replacen(from, to, 1);
	}
	let error = refused(&text);
	let place = error.span.clone().map_or("", |span| &text[span]).to_string();
	(error, place)
}

#[test]
fn layer_should_be_refused_when_it_gets_tokens() {
	let (error, place) =
		refusal(GPT, &[("kind = \"embedding\"\nvocab = 128\nout = 32", "kind = \"relu\"")]);
	let found = "32 tokens".to_string();
	assert_eq!(error.kind, ErrorKind::NotNumbers { layer: "relu", found });
	assert_eq!(place, "\"relu\"");
	assert!(error.help().unwrap().to_string().contains("embedding"));
}

#[test]
fn embedding_should_be_refused_when_it_gets_no_tokens() {
	let two =
		"kind = \"rms_norm\"\n\n[[model.layer]]\nkind = \"embedding\"\nvocab = 4\nout = 4\n\n\
		[[model.layer]]\nkind = \"tied_linear\"";
	let from = "kind = \"rms_norm\"\n\n[[model.layer]]\nkind = \"tied_linear\"";
	let (error, _) = refusal(GPT, &[(from, two)]);
	let found = "a sequence of 32 × 32".to_string();
	assert_eq!(error.kind, ErrorKind::NotTokens { layer: "embedding", found });
}

#[test]
fn sequence_layers_should_be_refused_when_they_get_no_sequence() {
	for layer in [
		"kind = \"attention\"\nheads = 2",
		"kind = \"position\"",
		"kind = \"pool\"\ntake = \"mean\"",
	] {
		let (error, _) = refusal(RESNET, &[("kind = \"relu\"", layer)]);
		assert!(matches!(error.kind, ErrorKind::NotASequence { .. }), "{error:?}");
	}
}

#[test]
fn attention_should_be_refused_when_its_heads_do_not_fit() {
	let (error, place) = refusal(GPT, &[("heads = 2", "heads = 3")]);
	assert_eq!(error.kind, ErrorKind::Heads { heads: 3, features: 32 });
	assert_eq!(place, "\"attention\"");
	let (error, _) = refusal(GPT, &[("heads = 2", "heads = 32")]);
	assert_eq!(error.kind, ErrorKind::OddHeads { width: 1 });
	for kv_heads in [3, 4] {
		let (error, place) =
			refusal(GPT, &[("heads = 2", &format!("heads = 2\nkv_heads = {kv_heads}"))]);
		assert_eq!(error.kind, ErrorKind::KvHeads { kv_heads, heads: 2 });
		assert_eq!(place, "\"attention\"");
	}
}

#[test]
fn heads_should_share_what_can_be_judged_and_nothing_else() {
	let gpt = |features: u32, heads: u16, kv_heads: u16| {
		GPT.replacen("out = 32", &format!("out = {features}"), 1).replacen(
			"heads = 2",
			&format!("heads = {heads}\nkv_heads = {kv_heads}"),
			1,
		)
	};
	for (features, heads, kv_heads) in [
		(576, 9, 3),
		(896, 14, 2),
		(4096, 32, 8),
		(192, 2, 1),
		(1280, 40, 20),
		(32, 16, 4),
		(64, 32, 1),
	] {
		let made = Manifest::parse(&gpt(features, heads, kv_heads)).and_then(|m| compile(&m));
		assert!(made.is_ok(), "{features} {heads} {kv_heads}: {:?}", made.err());
	}
	for (features, heads, kv_heads) in [(2560, 32, 8), (768, 16, 2), (3200, 32, 8), (66, 33, 1)] {
		let (group, width) = (heads / kv_heads, features / u32::from(heads));
		let error = refused(&gpt(features, heads, kv_heads));
		assert_eq!(error.kind, ErrorKind::SharedHeads { group, width });
	}
}

#[test]
fn heads_should_be_as_wide_as_is_said() {
	let made = |keys: &str| {
		let text = GPT.replacen("heads = 2", &format!("heads = 2\n{keys}"), 1);
		compile(&Manifest::parse(&text).unwrap()).unwrap()
	};
	let shape = |made: &Compiled, name: &str| {
		let found = made.parameters.iter().find(|one| one.name.ends_with(name));
		found.map(|one| one.shape.clone())
	};
	assert_eq!(made("head_dim = 16").program, made("").program);
	let wide = made("head_dim = 64\nkv_heads = 1\nqk_norm = 1e-6");
	assert_eq!(shape(&wide, ".q.weight"), Some(vec![128, 32]));
	assert_eq!(shape(&wide, ".v.weight"), Some(vec![64, 32]));
	assert_eq!(shape(&wide, ".o.weight"), Some(vec![32, 128]));
	for norm in [".q_norm.weight", ".k_norm.weight"] {
		assert_eq!(shape(&wide, norm), Some(vec![64]));
	}
	// Where heads have a width of their own, they need not divide the features.
	assert!(Manifest::parse(&GPT.replacen("heads = 2", "heads = 3\nhead_dim = 16", 1))
		.is_ok_and(|manifest| compile(&manifest).is_ok()));
	let (error, place) = refusal(GPT, &[("heads = 2", "heads = 2\nhead_dim = 80\nqk_norm = 1e-6")]);
	assert_eq!(error.kind, ErrorKind::NormedHeads { width: 80 });
	assert_eq!(place, "\"attention\"");
}

#[test]
fn wide_heads_should_be_normalised_where_they_can_be_judged() {
	// Qwen3 of 0.6 and of 8 billion, and narrow ones.
	for (features, heads, kv_heads, head_dim) in
		[(1024, 16, 8, 128), (4096, 32, 8, 128), (64, 4, 2, 8), (96, 33, 33, 32), (32, 1, 1, 1024)]
	{
		let text = GPT.replacen("out = 32", &format!("out = {features}"), 1).replacen(
			"heads = 2",
			&format!(
				"heads = {heads}\nkv_heads = {kv_heads}\nhead_dim = {head_dim}\nqk_norm = 1e-6"
			),
			1,
		);
		let made = Manifest::parse(&text).and_then(|manifest| compile(&manifest));
		assert!(made.is_ok(), "{features} {heads} {head_dim}: {:?}", made.err());
	}
}

#[test]
fn scaling_of_positions_should_need_all_of_its_numbers() {
	let with = |scaling: &str| {
		let text =
			GPT.replacen("rope = 10000.0", &format!("rope = 10000.0\nrope_scaling = {scaling}"), 1);
		Manifest::parse(&text).map_err(|error| error.kind)
	};
	let llama3 = "kind = \"llama3\", factor = 32, low_freq_factor = 1";
	let whole = "high_freq_factor = 4, original_max_position_embeddings = 8192";
	assert!(with(&format!("{{ {llama3}, {whole} }}")).is_ok());
	assert!(with("{ kind = \"linear\", factor = 4 }").is_ok());
	for (scaling, key) in [
		("{ kind = \"linear\" }".into(), "factor"),
		(format!("{{ {llama3}, high_freq_factor = 4 }}"), "original_max_position_embeddings"),
	] {
		let refused = with(&scaling).unwrap_err();
		assert!(matches!(refused, ErrorKind::MissingKey { key: found, .. } if found == key));
	}
	for (scaling, key) in [
		("{ kind = \"linear\", factor = 0.5 }".into(), "factor"),
		(format!("{{ {llama3}, {} }}", whole.replace("= 4", "= 1")), "high_freq_factor"),
	] {
		let refused = with(&scaling).unwrap_err();
		assert!(matches!(refused, ErrorKind::OutOfRange { key: found, .. } if found == key));
	}
	let extra = "{ kind = \"linear\", factor = 4, low_freq_factor = 1 }";
	assert!(matches!(with(extra), Err(ErrorKind::UnusedKey { key: "low_freq_factor", .. })));
	let unknown = with("{ kind = \"yarn\", factor = 4 }");
	assert!(matches!(unknown, Err(ErrorKind::UnknownKind { what: "scaling", .. })), "{unknown:?}");
	// Nothing to scale.
	let (error, _) =
		refusal(GPT, &[("rope = 10000.0", "rope_scaling = { kind = \"linear\", factor = 4 }")]);
	let kind = "attention".into();
	assert_eq!(error.kind, ErrorKind::UnusedKey { kind, key: "rope_scaling" });
}

#[test]
fn features_that_turn_should_be_pairs_of_a_head() {
	let with = |dims: u32| {
		let text =
			GPT.replacen("rope = 10000.0", &format!("rope = 10000.0\nrope_dims = {dims}"), 1);
		Manifest::parse(&text).and_then(|manifest| compile(&manifest)).map_err(|error| error.kind)
	};
	let inits = |dims| with(dims).unwrap().inits;
	let whole = compile(&Manifest::parse(GPT).unwrap()).unwrap().inits;
	let width = 16;
	assert_eq!(inits(width), whole, "all features turn, as without the key");
	assert!(inits(2) != whole && inits(4) != inits(2));
	for dims in [3, width + 2] {
		assert_eq!(with(dims).unwrap_err(), ErrorKind::RopeDims { dims, width });
	}
	// Nothing turns.
	let (error, _) = refusal(GPT, &[("rope = 10000.0", "rope_dims = 4")]);
	let kind = "attention".into();
	assert_eq!(error.kind, ErrorKind::UnusedKey { kind, key: "rope_dims" });
}

#[test]
fn attention_should_be_the_same_program_when_it_is_said_that_no_heads_are_shared() {
	let text = GPT.replacen("heads = 2", "heads = 2\nkv_heads = 2", 1);
	let compiled = |text: &str| compile(&Manifest::parse(text).unwrap()).unwrap();
	assert_eq!(compiled(&text).program, compiled(GPT).program);
}

#[test]
fn tied_linear_should_be_refused_when_there_is_no_table_of_its_width() {
	let wide = "kind = \"linear\"\nout = 40\n\n[[model.layer]]\nkind = \"tied_linear\"";
	let (error, place) = refusal(GPT, &[("kind = \"tied_linear\"", wide)]);
	let found = "a sequence of 32 × 40".to_string();
	assert_eq!(error.kind, ErrorKind::TiedWidth { embedding: 32, found });
	assert_eq!(place, "\"tied_linear\"");
	let (error, _) = refusal(RESNET, &[("kind = \"linear\"\nout = 10", "kind = \"tied_linear\"")]);
	assert_eq!(error.kind, ErrorKind::NoEmbedding);
}

#[test]
fn residual_should_be_refused_when_its_ways_differ_in_shape() {
	let (error, place) = refusal(RESNET, &[("out = 16\nkernel = 1", "out = 12\nkernel = 1")]);
	let (found, past) = ("an image of 2 × 2 × 16".into(), "an image of 2 × 2 × 12".into());
	assert_eq!(error.kind, ErrorKind::ResidualShape { found, past });
	assert_eq!(place, "\"residual\"");
	assert!(error.help().unwrap().to_string().contains("skip"));
}

#[test]
fn residual_should_be_refused_when_it_has_no_layers() {
	let model = "[[model.layer]]\nkind = \"residual\"\n\n[[model.layer]]\nkind = \"tied_linear\"";
	let (error, _) = refusal(GPT, &[("[[model.layer]]\nkind = \"tied_linear\"", model)]);
	assert_eq!(error.kind, ErrorKind::MissingKey { kind: "residual".into(), key: "layer" });
}

#[test]
fn lists_should_be_refused_when_a_layer_has_no_use_for_them() {
	let more = "kind = \"tied_linear\"\n\n[[model.layer.layer]]\nkind = \"relu\"";
	let (error, _) = refusal(GPT, &[("kind = \"tied_linear\"", more)]);
	assert_eq!(error.kind, ErrorKind::UnusedKey { kind: "tied_linear".into(), key: "layer" });
}

#[test]
fn layers_should_be_refused_when_they_are_too_deep() {
	let deep: String = (1..=9)
		.map(|depth| format!("[[model{}]]\nkind = \"residual\"\n", ".layer".repeat(depth)))
		.collect();
	let text = GPT.replacen("[loss]", &format!("{deep}[loss]"), 1);
	assert_eq!(refused(&text).kind, ErrorKind::TooDeep { max: 8 });
}

#[test]
fn layers_should_be_counted_as_often_as_they_are_repeated() {
	let (error, place) = refusal(GPT, &[("times = 2", "times = 100")]);
	// Embedding, repeat, a hundred times two residuals of two layers, norm, head.
	assert_eq!(error.kind, ErrorKind::LayerCount { found: 604, max: 512 });
	assert_eq!(place, "\"repeat\"");
}

#[test]
fn labels_should_be_refused_when_there_are_not_as_many_as_positions() {
	let (error, place) = refusal(GPT, &[("offset = 1, width = 32", "offset = 1, width = 31")]);
	assert_eq!(error.kind, ErrorKind::LabelWidth { field: "next".into(), width: 31, expected: 32 });
	assert_eq!(place, "\"next\"");
}

#[test]
fn shape_should_be_refused_when_tokens_have_more_than_a_length() {
	let (error, _) = refusal(GPT, &[("shape = [32]", "shape = [4, 8]")]);
	let ErrorKind::OutOfRange { key: "shape", expected, .. } = &error.kind else { panic!() };
	assert!(expected.contains("tokens"), "{expected}");
}

#[test]
fn model_should_be_refused_when_all_of_it_is_frozen() {
	let text = GPT.replace("out = 32", "out = 32\nfrozen = true");
	let text = text.replace("times = 2", "times = 2\nfrozen = true");
	let from = "[[model.layer]]\nkind = \"rms_norm\"";
	let text = text.replacen(from, &format!("{from}\nfrozen = true"), 1);
	assert_eq!(refused(&text).kind, ErrorKind::NothingToTrain);
	let (error, _) = refusal(RESNET, &[("kind = \"relu\"", "kind = \"relu\"\nfrozen = true")]);
	assert_eq!(error.kind, ErrorKind::UnusedKey { kind: "relu".into(), key: "frozen" });
}

#[test]
fn numbers_should_be_refused_when_they_are_out_of_range() {
	for (key, from, to) in [
		("rope", "rope = 10000.0", "rope = 1.0"),
		("rope_dims", "rope = 10000.0", "rope = 10000.0\nrope_dims = 0"),
		("heads", "heads = 2", "heads = 0"),
		("kv_heads", "heads = 2", "heads = 2\nkv_heads = 0"),
		("head_dim", "heads = 2", "heads = 2\nhead_dim = 0"),
		("head_dim", "heads = 2", "heads = 2\nhead_dim = 32769"),
		("qk_norm", "heads = 2", "heads = 2\nqk_norm = 0"),
		("times", "times = 2", "times = 0"),
		("vocab", "vocab = 128", "vocab = 0"),
		("clip", "clip = 1.0", "clip = 0.0"),
		("accumulate", "clip = 1.0", "accumulate = 0"),
		("warmup", "warmup = 5", "warmup = 201"),
		("min", "min = 0.001", "min = 0.02"),
		("rank", "bias = false", "lora = { rank = 0, alpha = 1 }"),
		("std", "vocab = 128", "vocab = 128\nstd = -1.0"),
	] {
		let (error, _) = refusal(GPT, &[(from, to)]);
		let ErrorKind::OutOfRange { key: found, .. } = error.kind else { panic!("{error:?}") };
		assert_eq!(found, key);
	}
}

#[test]
fn words_should_be_refused_when_they_are_unknown() {
	for (what, from, to) in [
		("decay", "decay = \"matrices\"", "decay = \"some\""),
		("schedule", "kind = \"linear\"", "kind = \"step\""),
		("pooling", "kind = \"tied_linear\"", "kind = \"pool\"\ntake = \"max\""),
		("format", "format = \"token_u8\"", "format = \"token_u16\""),
	] {
		let (error, _) = refusal(GPT, &[(from, to)]);
		let ErrorKind::UnknownKind { what: found, .. } = error.kind else { panic!("{error:?}") };
		assert_eq!(found, what);
	}
}

#[test]
fn schedule_should_be_refused_when_it_has_more_rates_than_a_state_may_hold() {
	let (error, place) = refusal(GPT, &[("steps = 200", "steps = 2000000")]);
	assert_eq!(error.kind, ErrorKind::ScheduleTooLong { updates: 2_000_000, max: 1 << 20 });
	assert_eq!(place, "\"linear\"");
}

#[test]
fn program_should_be_refused_at_the_inner_layer_when_a_tile_cannot_be_judged() {
	let inner =
		"kind = \"repeat\"\ntimes = 1\n\n[[model.layer.layer]]\nkind = \"avg_pool\"\nkernel = 31\nstride = 1";
	let (error, place) = refusal(
		RESNET,
		&[
			("[8, 8, 1]", "[192, 192, 1]"),
			("width = 64", "width = 36864"),
			("offset = 64", "offset = 36864"),
			("record_size = 65", "record_size = 36865"),
			("kind = \"avg_pool\"\nkernel = 2", inner),
		],
	);
	let ErrorKind::Program { message, .. } = &error.kind else { panic!("{error:?}") };
	assert!(message.contains("AvgPool"), "{message}");
	assert_eq!(place, "\"avg_pool\"");
}
