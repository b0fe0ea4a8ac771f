//! The PTX of the kernels, embedded, and what is forbidden in it.

/// One checked-in PTX file.
#[derive(Clone, Copy, Debug)]
pub struct Module {
	/// Name of the file, without the ending.
	pub name: &'static str,
	/// Its text.
	pub text: &'static str,
}

macro_rules! modules {
	($($name:literal),*) => {
		[$(Module { name: $name, text: include_str!(concat!("../kernels/", $name, ".ptx")) }),*]
	};
}

/// All of them. `scripts/ptx.sh` makes them from the `.cu` files beside them.
pub const MODULES: [Module; 9] = modules![
	"columns",
	"elementwise",
	"hash",
	"labels",
	"layout",
	"matmul",
	"quant",
	"rows",
	"windows"
];

/// Kernels for one generation of devices.
#[derive(Clone, Copy, Debug)]
pub struct Generation {
	/// Its compute capability, major and minor.
	pub capability: (i32, i32),
	/// Kernels that take the place of those of the same names in [`MODULES`]: they have the same arguments and blocks,
	/// and give the same words.
	pub module: Module,
}

/// For compute capability 9.0: tensor cores that read their operands from shared memory.
pub const HOPPER: Generation = Generation {
	capability: (9, 0),
	module: Module { name: "hopper", text: include_str!("../kernels/hopper.ptx") },
};

/// Floating-point operations whose rounding must be said.
const ROUNDED: [&str; 8] = ["add", "sub", "mul", "mad", "fma", "div", "sqrt", "rcp"];

/// Operations and modifiers that only approximate, or change subnormals or NaN.
const FORBIDDEN: [&str; 11] =
	["approx", "ftz", "sat", "full", "sin", "cos", "ex2", "lg2", "tanh", "rsqrt", "relu"];

/// The lines of a PTX text whose result the spec does not fix: float operations that do not round to
/// nearest even (`.rn`), approximations, flushed subnormals, native minima and maxima, tensor cores on
/// floats.
pub fn faults(text: &str) -> Vec<String> {
	let code = |line: &str| line.split("//").next().unwrap_or_default().trim().to_owned();
	let lines = (1..).zip(text.lines().map(code));
	let faulty = lines.filter(|(_, line)| line.split([';', '{', '}']).any(is_fault));
	faulty.map(|(number, line): (usize, String)| format!("line {number}: {line}")).collect()
}

/// Whether a statement is one.
fn is_fault(statement: &str) -> bool {
	let is_before = |word: &&str| word.starts_with('@') || word.ends_with(':');
	let mut words = statement.split_whitespace().skip_while(is_before);
	let opcode = words.next().unwrap_or_default().trim_end_matches(';');
	if opcode.starts_with(['.', '$', '%']) {
		return false;
	}
	let parts: Vec<&str> = opcode.split('.').collect();
	let float = parts.iter().any(|part| matches!(*part, "f16" | "f16x2" | "bf16" | "f32" | "f64"));
	// `max` of the op spec is a comparison of integer keys.
	let native = float && matches!(parts[0], "min" | "max");
	let rounded = float && ROUNDED.contains(&parts[0]) && parts.get(1) != Some(&"rn");
	let converted =
		parts[0] == "cvt" && parts.iter().any(|part| matches!(*part, "rz" | "rm" | "rp"));
	// Tensor cores add floats in an order and with a rounding of their own.
	let tensor = matches!(parts[0], "mma" | "wmma") || opcode.starts_with("wgmma.mma_async");
	let tensor = tensor && !parts.contains(&"s32");
	rounded
		|| native
		|| (float && converted)
		|| tensor
		|| parts.iter().any(|part| FORBIDDEN.contains(part))
}

impl Module {
	/// Names of the kernels.
	pub fn kernels(&self) -> impl Iterator<Item = &'static str> {
		let lines = self.text.lines().filter_map(|line| line.strip_prefix(".visible .entry "));
		lines.map(|line| line.trim_end_matches('('))
	}
}
