//! Edits of a manifest's text, line by line, with the words that manifests are made of.

use crate::Source;

/// The example manifests of the compiler.
pub(super) const EXAMPLES: [&str; 10] = [
	include_str!("../../../../ml-runtime/compiler/examples/mlp-digits.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/mlp-digits-adamw.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/lenet-digits.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/lenet-digits-adamw.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/resnet-digits.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/gpt-tiny.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/bert-lora-tiny.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/llama-lora-tiny.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/vision-digits.toml"),
	include_str!("../../../../ml-runtime/compiler/examples/lenet-mnist.toml"),
];

/// What may stand right of an equals sign.
const VALUES: [&str; 58] = [
	"0",
	"1",
	"2",
	"3",
	"4",
	"7",
	"8",
	"31",
	"32",
	"33",
	"63",
	"64",
	"100",
	"255",
	"256",
	"257",
	"512",
	"513",
	"1024",
	"1025",
	"4096",
	"32767",
	"65535",
	"65536",
	"1048576",
	"1048577",
	"2147483647",
	"2147483648",
	"4294967295",
	"4294967296",
	"9223372036854775807",
	"9223372036854775808",
	"-1",
	"-0.0",
	"0.5",
	"1e-5",
	"1e-45",
	"1e38",
	"3.5e38",
	"1e400",
	"nan",
	"inf",
	"-inf",
	"true",
	"false",
	"[]",
	"[1]",
	"[3, 5]",
	"[28, 28, 1]",
	"[65535, 65535, 3]",
	"\"0x\"",
	"\"\u{e9}\"",
	"{}",
	"{ rank = 2, alpha = 4 }",
	"{ rank = 70000, alpha = 0 }",
	"{ kind = \"linear\", factor = 4 }",
	"{ kind = \"llama3\", factor = 8, low_freq_factor = 1, high_freq_factor = 4, \
	original_max_position_embeddings = 64 }",
	"2026-01-01",
];

/// What may stand in quotes.
const WORDS: [&str; 49] = [
	"linear",
	"tied_linear",
	"conv2d",
	"max_pool",
	"avg_pool",
	"relu",
	"gelu",
	"silu",
	"tanh",
	"sigmoid",
	"leaky_relu",
	"elu",
	"relu6",
	"hardswish",
	"dropout",
	"layer_norm",
	"rms_norm",
	"flatten",
	"sequence",
	"embedding",
	"position",
	"attention",
	"swiglu",
	"geglu",
	"pool",
	"residual",
	"repeat",
	"cross_entropy",
	"mse",
	"sgd",
	"adamw",
	"constant",
	"cosine",
	"matrices",
	"all",
	"first",
	"last",
	"mean",
	"none",
	"u8",
	"f32",
	"label_u8",
	"label_u32",
	"token_u8",
	"token_u32",
	"image",
	"label",
	"q15x3",
	"i8",
];

/// What may stand left of an equals sign.
const KEYS: [&str; 60] = [
	"kind",
	"out",
	"bias",
	"lora",
	"kernel",
	"stride",
	"pad",
	"groups",
	"p",
	"eps",
	"vocab",
	"heads",
	"kv_heads",
	"head_dim",
	"qk_norm",
	"causal",
	"rope",
	"rope_dims",
	"rope_scaling",
	"factor",
	"low_freq_factor",
	"high_freq_factor",
	"original_max_position_embeddings",
	"approximate",
	"negative_slope",
	"alpha",
	"hidden",
	"take",
	"times",
	"std",
	"frozen",
	"lr",
	"momentum",
	"beta1",
	"beta2",
	"weight_decay",
	"decay",
	"clip",
	"accumulate",
	"warmup",
	"steps",
	"min",
	"batch",
	"seed",
	"records",
	"record_size",
	"offset",
	"width",
	"format",
	"scale",
	"shift",
	"input",
	"shape",
	"labels",
	"targets",
	"compiler",
	"name",
	"rank",
	"forward",
	"backward",
];

const SECTIONS: [&str; 11] = [
	"[task]",
	"[data]",
	"[data.fields]",
	"[model]",
	"[[model.layer]]",
	"[[model.layer.layer]]",
	"[[model.layer.skip]]",
	"[loss]",
	"[optimizer]",
	"[optimizer.schedule]",
	"[numerics]",
];

/// The example after some edits, fewer than the bytes that are left.
pub(super) fn edited(source: &mut Source, example: &str) -> String {
	let mut lines: Vec<String> = example.lines().map(str::to_owned).collect();
	for _ in 0..24 {
		if source.is_empty() {
			break;
		}
		line(source, &mut lines);
	}
	lines.join("\n")
}

fn line(source: &mut Source, lines: &mut Vec<String>) {
	let at = source.below(lines.len() as u32) as usize;
	let other = source.below(lines.len() as u32) as usize;
	match source.below(12) {
		0 if !lines.is_empty() => drop(lines.remove(at)),
		1 if !lines.is_empty() => lines.insert(other, lines[at].clone()),
		2 if !lines.is_empty() => lines.swap(at, other),
		3 => lines.insert(at, source.choose(&SECTIONS).to_owned()),
		4 | 5 => lines.insert(at, format!("{} = {}", source.choose(&KEYS), value(source))),
		6 => {
			let kind = source.choose(&WORDS);
			lines.insert(at, format!("[[model.layer]]\nkind = \"{kind}\""));
		},
		7 => {
			let count = source.below(24) as usize;
			lines.insert(at, String::from_utf8_lossy(source.bytes(count)).into_owned());
		},
		8 => {
			// Some lines of another example.
			let from: Vec<&str> = source.choose(&EXAMPLES).lines().collect();
			let start = source.below(from.len() as u32) as usize;
			let piece = from[start..].iter().take(1 + source.below(8) as usize);
			lines.splice(at..at, piece.map(|line| (*line).to_owned()));
		},
		_ => {
			let value = value(source);
			if let Some((key, _)) = lines.get(at).and_then(|line| line.split_once(" = ")) {
				lines[at] = format!("{key} = {value}");
			}
		},
	}
}

fn value(source: &mut Source) -> String {
	match source.below(4) {
		0 => format!("\"{}\"", source.choose(&WORDS)),
		1 => source.below(2000).to_string(),
		_ => source.choose(&VALUES).to_owned(),
	}
}
