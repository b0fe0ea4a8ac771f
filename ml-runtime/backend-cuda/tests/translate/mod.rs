//! Translates the formulas of `assay_ops::functions::generic` to CUDA, so that they are written once.
//!
//! Only the straight-line Rust that such formulas are made of is known: constants, `let`, calls, `if` as
//! an expression, wrapping integer arithmetic, comparisons, casts, and `for` over an array of coefficients
//! with assignments to variables declared before it, which is unrolled. Anything else is an error that says what it is. Since nothing has side effects, both
//! branches of an `if` may be computed before one is selected.

mod expression;

use std::collections::BTreeMap;

use syn::{spanned::Spanned, Expr, FnArg, Item, ItemConst, ItemFn, Pat, Stmt, Type};

/// Why a formula was not translated: where in the source, and what is unknown there.
#[derive(Debug)]
pub(crate) struct Unknown(pub(crate) String);

fn unknown<T>(what: &impl Spanned, why: &str) -> Result<T, Unknown> {
	let place = what.span().start();
	Err(Unknown(format!("line {}, column {}: {why}", place.line, place.column + 1)))
}

/// What a Rust name stands for.
#[derive(Clone, Debug)]
enum Value {
	/// A C++ expression.
	Word(String),
	/// Coefficients.
	Array(Vec<String>),
	/// Several results.
	Tuple(Vec<Value>),
}

type Scope = BTreeMap<String, Value>;

/// The formulas of a module.
struct Formulas<'a> {
	functions: BTreeMap<String, &'a ItemFn>,
	constants: Scope,
}

/// The body of a function while it is translated.
struct Body<'a> {
	formulas: &'a Formulas<'a>,
	lines: Vec<String>,
	names: BTreeMap<String, usize>,
}

/// The text of `kernels/functions.cuh`, from that of
/// `primitives/ops/src/functions/generic.rs`.
pub(crate) fn translate(source: &str) -> Result<String, Unknown> {
	let file = syn::parse_file(source).map_err(|error| Unknown(error.to_string()))?;
	let mut formulas = Formulas { functions: BTreeMap::new(), constants: known_constants() };
	for item in &file.items {
		match item {
			Item::Fn(function) => {
				formulas.functions.insert(function.sig.ident.to_string(), function);
			},
			Item::Const(constant) => {
				let value = formulas.constant(constant)?;
				formulas.constants.insert(constant.ident.to_string(), value);
			},
			Item::Use(_) => {},
			_ => return unknown(item, "not a function or a constant"),
		}
	}
	let (mut declared, mut defined) = (String::new(), String::new());
	for item in &file.items {
		let Item::Fn(function) = item else { continue };
		if let Some((signature, body)) = formulas.function(function)? {
			declared += &format!("{signature};\n");
			defined += &format!("\n{signature} {{\n\t{body}\n}}\n");
		}
	}
	Ok(format!("{HEADER}{declared}{defined}}} // namespace formula\n"))
}

const HEADER: &str =
	"// The functions of the op spec. Translated from the Rust formulas: do not edit this \
file, run
// scripts/ptx.sh.
#pragma once

#include \"arith.cuh\"

INLINE int wrapping_add(int a, int b) { return (int)((u32)a + (u32)b); }
INLINE u32 wrapping_add(u32 a, u32 b) { return a + b; }
INLINE int wrapping_sub(int a, int b) { return (int)((u32)a - (u32)b); }
INLINE u32 wrapping_sub(u32 a, u32 b) { return a - b; }
INLINE u32 wrapping_shl(u32 a, u32 b) { return a << (b & 31); }
INLINE u32 wrapping_shr(u32 a, u32 b) { return a >> (b & 31); }
INLINE bool inverse(bool a) { return !a; }
INLINE u32 inverse(u32 a) { return ~a; }

namespace formula {
";

/// Constants of `assay_ops` that formulas may name.
fn known_constants() -> Scope {
	use assay_ops::{soft, CANONICAL_NAN};
	let known = [
		("ONE", soft::ONE),
		("MINUS_ONE", soft::MINUS_ONE),
		("INFINITY", soft::INFINITY),
		("MINUS_INFINITY", soft::MINUS_INFINITY),
		("CANONICAL_NAN", CANONICAL_NAN),
		("SIGN", 0x8000_0000),
	];
	known.map(|(name, bits)| (name.into(), Value::Word(hexadecimal(bits)))).into()
}

fn hexadecimal(bits: u32) -> String {
	format!("0x{bits:08X}u")
}

/// An expression without the parentheses around all of it.
fn bare(text: &str) -> &str {
	let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else {
		return text;
	};
	let mut depth = 0_i32;
	for c in inner.chars() {
		depth += i32::from(c == '(') - i32::from(c == ')');
		if depth < 0 {
			return text;
		}
	}
	inner
}

/// The name that a pattern binds.
fn name_of(pattern: &Pat) -> Result<String, Unknown> {
	match pattern {
		// What is assigned to a variable is a new name, so it does not matter which ones are mutable.
		Pat::Ident(pattern) if pattern.by_ref.is_none() => Ok(pattern.ident.to_string()),
		Pat::Type(pattern) => name_of(&pattern.pat),
		Pat::Reference(pattern) => name_of(&pattern.pat),
		_ => unknown(pattern, "not a plain name"),
	}
}

/// The C++ type of a scalar.
fn scalar(ty: &Type) -> Option<&'static str> {
	let Type::Path(path) = ty else { return None };
	match path.path.get_ident()?.to_string().as_str() {
		"u32" => Some("u32"),
		"i32" => Some("int"),
		"bool" => Some("bool"),
		_ => None,
	}
}

impl Formulas<'_> {
	fn constant(&self, constant: &ItemConst) -> Result<Value, Unknown> {
		let mut body = Body { formulas: self, lines: Vec::new(), names: BTreeMap::new() };
		body.expression(&constant.expr, &Scope::new())
	}

	/// The parameters: names and types.
	fn parameters(function: &ItemFn) -> Result<Vec<(String, &Type)>, Unknown> {
		let mut parameters = Vec::new();
		for input in &function.sig.inputs {
			let FnArg::Typed(typed) = input else { return unknown(input, "a method") };
			parameters.push((name_of(&typed.pat)?, &*typed.ty));
		}
		Ok(parameters)
	}

	/// The C++ type of a function's result, if it has words only. One that takes coefficients or gives
	/// several results is expanded where it is called.
	fn result(function: &ItemFn) -> Result<Option<&'static str>, Unknown> {
		let words = Self::parameters(function)?.iter().all(|(_, ty)| scalar(ty).is_some());
		Ok(match &function.sig.output {
			syn::ReturnType::Type(_, ty) if words => scalar(ty),
			_ => None,
		})
	}

	/// Signature and body of a function, if it is emitted.
	fn function(&self, function: &ItemFn) -> Result<Option<(String, String)>, Unknown> {
		let Some(result) = Self::result(function)? else { return Ok(None) };
		let mut body = Body { formulas: self, lines: Vec::new(), names: BTreeMap::new() };
		let (mut scope, mut parameters) = (Scope::new(), Vec::new());
		for (name, ty) in Self::parameters(function)? {
			let unique = body.unique(&name);
			parameters.push(format!("{} {unique}", scalar(ty).unwrap_or_default()));
			scope.insert(name, Value::Word(unique));
		}
		let value = body.block(&function.block.stmts, &scope)?;
		let Value::Word(value) = value else { return unknown(&function.sig, "returns no word") };
		body.lines.push(format!("return {};", bare(&value)));
		let (name, parameters) = (&function.sig.ident, parameters.join(", "));
		let signature = format!("INLINE {result} {name}({parameters})");
		Ok(Some((signature, body.lines.join("\n\t"))))
	}
}

impl Body<'_> {
	/// A C++ name that no other variable of the function has.
	fn unique(&mut self, name: &str) -> String {
		let count = self.names.entry(name.to_owned()).or_default();
		*count += 1;
		match *count {
			1 => name.to_owned(),
			n => format!("{name}_{n}"),
		}
	}

	/// Gives a value a name of its own.
	fn bind(&mut self, name: &str, value: Value) -> Value {
		let Value::Word(text) = value else { return value };
		if text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
			// A name or a constant needs no other name.
			return Value::Word(text);
		}
		let unique = self.unique(name);
		self.lines.push(format!("const auto {unique} = {};", bare(&text)));
		Value::Word(unique)
	}

	/// A `let` of a name, or of names for several results.
	fn declare(&mut self, pattern: &Pat, value: Value, scope: &mut Scope) -> Result<(), Unknown> {
		match (pattern, value) {
			(Pat::Tuple(pattern), Value::Tuple(values)) if pattern.elems.len() == values.len() => {
				let mut pairs = pattern.elems.iter().zip(values);
				pairs.try_for_each(|(pattern, value)| self.declare(pattern, value, scope))
			},
			(pattern, value) => {
				let name = name_of(pattern)?;
				let value = self.bind(&name, value);
				scope.insert(name, value);
				Ok(())
			},
		}
	}

	/// Statements that end in an expression.
	fn block(&mut self, statements: &[Stmt], scope: &Scope) -> Result<Value, Unknown> {
		let mut scope = scope.clone();
		for statement in statements {
			match statement {
				Stmt::Local(local) => {
					let Some(init) = &local.init else { return unknown(local, "no value") };
					let value = self.expression(&init.expr, &scope)?;
					self.declare(&local.pat, value, &mut scope)?;
				},
				Stmt::Item(Item::Const(constant)) => {
					let value = self.expression(&constant.expr, &scope)?;
					scope.insert(constant.ident.to_string(), value);
				},
				Stmt::Expr(Expr::ForLoop(each), _) => self.unroll(each, &mut scope)?,
				Stmt::Expr(expression, None) => return self.expression(expression, &scope),
				other => return unknown(other, "not a let or a result"),
			}
		}
		Err(Unknown("a block without a result".into()))
	}
}
