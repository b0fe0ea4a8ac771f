//! Expressions.

use syn::{BinOp, Expr, ExprCall, ExprForLoop, ExprMethodCall, Lit, Stmt, UnOp};

use super::{hexadecimal, name_of, unknown, Body, Formulas, Scope, Unknown, Value};

/// Functions of `arith.cuh` that formulas may call, by their Rust path.
const ARITHMETIC: [&str; 5] = ["add", "sub", "mul", "fma", "div"];
const SOFT: [&str; 4] = ["canonical", "is_nan", "neg", "order_key"];
const WRAPPING: [&str; 4] = ["wrapping_add", "wrapping_sub", "wrapping_shl", "wrapping_shr"];

fn path_of(expression: &Expr) -> Option<Vec<String>> {
	let Expr::Path(path) = expression else { return None };
	Some(path.path.segments.iter().map(|segment| segment.ident.to_string()).collect())
}

impl Body<'_> {
	pub(super) fn expression(
		&mut self,
		expression: &Expr,
		scope: &Scope,
	) -> Result<Value, Unknown> {
		match expression {
			Expr::Array(array) => {
				let words = array.elems.iter().map(|element| self.word(element, scope));
				Ok(Value::Array(words.collect::<Result<_, _>>()?))
			},
			Expr::Tuple(tuple) => {
				let values = tuple.elems.iter().map(|element| self.expression(element, scope));
				Ok(Value::Tuple(values.collect::<Result<_, _>>()?))
			},
			Expr::Paren(inner) => self.expression(&inner.expr, scope),
			Expr::Group(inner) => self.expression(&inner.expr, scope),
			Expr::Reference(inner) => self.expression(&inner.expr, scope),
			Expr::Unary(inner) if matches!(inner.op, UnOp::Deref(_)) => {
				self.expression(&inner.expr, scope)
			},
			Expr::Block(inner) => self.block(&inner.block.stmts, scope),
			Expr::Path(_) => {
				let name = path_of(expression).and_then(|path| path.last().cloned());
				let name = name.unwrap_or_default();
				let value = scope.get(&name).or_else(|| self.formulas.constants.get(&name));
				value.map_or_else(|| unknown(expression, "unknown name"), |value| Ok(value.clone()))
			},
			Expr::Call(call) => self.call(call, scope),
			Expr::MethodCall(call) => self.method(call, scope),
			_ => self.operation(expression, scope).map(Value::Word),
		}
	}

	/// An expression that is a single word.
	fn word(&mut self, expression: &Expr, scope: &Scope) -> Result<String, Unknown> {
		match self.expression(expression, scope)? {
			Value::Word(word) => Ok(word),
			Value::Array(_) | Value::Tuple(_) => unknown(expression, "not a single word"),
		}
	}

	fn operation(&mut self, expression: &Expr, scope: &Scope) -> Result<String, Unknown> {
		match expression {
			Expr::Lit(literal) => match &literal.lit {
				Lit::Int(number) => match number.base10_parse::<u32>() {
					// A small number may be signed; one with all bits is a pattern.
					Ok(bits) if bits > 0xFFFF => Ok(hexadecimal(bits)),
					Ok(number) => Ok(number.to_string()),
					Err(_) => unknown(literal, "not a word"),
				},
				Lit::Bool(value) => Ok(value.value.to_string()),
				_ => unknown(literal, "unknown literal"),
			},
			Expr::Cast(cast) => match super::scalar(&cast.ty) {
				Some(ty) => Ok(format!("({ty})({})", self.word(&cast.expr, scope)?)),
				None => unknown(cast, "unknown cast"),
			},
			Expr::Unary(unary) => {
				let inner = self.word(&unary.expr, scope)?;
				match unary.op {
					UnOp::Not(_) => Ok(format!("inverse({inner})")),
					UnOp::Neg(_) => Ok(format!("(-{inner})")),
					_ => unknown(unary, "unknown operator"),
				}
			},
			Expr::Binary(binary) => {
				let (left, right) =
					(self.word(&binary.left, scope)?, self.word(&binary.right, scope)?);
				let Some(operator) = operator(&binary.op) else {
					return unknown(binary, "unknown operator");
				};
				Ok(format!("({left} {operator} {right})"))
			},
			Expr::If(choice) => {
				let condition = self.word(&choice.cond, scope)?;
				let Some((_, no)) = &choice.else_branch else { return unknown(choice, "no else") };
				let yes = self.block(&choice.then_branch.stmts, scope)?;
				let (Value::Word(yes), no) = (yes, self.word(no, scope)?) else {
					return unknown(choice, "not a choice between words");
				};
				Ok(format!("({condition} ? {yes} : {no})"))
			},
			_ => unknown(expression, "unknown expression"),
		}
	}

	fn call(&mut self, call: &ExprCall, scope: &Scope) -> Result<Value, Unknown> {
		let path = path_of(&call.func).unwrap_or_default();
		let path: Vec<&str> = path.iter().map(String::as_str).collect();
		let mut arguments = Vec::new();
		for argument in &call.args {
			arguments.push(self.expression(argument, scope)?);
		}
		let name = match path.as_slice() {
			["A", name] if ARITHMETIC.contains(name) => name,
			["soft", name] | [name] if SOFT.contains(name) => name,
			[name] => match self.formulas.functions.get(*name) {
				Some(function) if Formulas::result(function)?.is_some() => name,
				Some(function) => {
					let names = Formulas::parameters(function)?.into_iter().map(|(name, _)| name);
					let scope = names.zip(arguments).collect();
					return self.block(&function.block.stmts, &scope);
				},
				None => return unknown(call, "unknown function"),
			},
			_ => return unknown(call, "unknown function"),
		};
		let words = arguments.into_iter().map(|argument| match argument {
			Value::Word(word) => Ok(word),
			Value::Array(_) | Value::Tuple(_) => unknown(call, "not a single word"),
		});
		Ok(Value::Word(format!("{name}({})", words.collect::<Result<Vec<_>, _>>()?.join(", "))))
	}

	fn method(&mut self, call: &ExprMethodCall, scope: &Scope) -> Result<Value, Unknown> {
		let receiver = self.expression(&call.receiver, scope)?;
		let name = call.method.to_string();
		match (name.as_str(), receiver, call.args.len()) {
			(name, Value::Word(receiver), 1) if WRAPPING.contains(&name) => {
				let argument = self.word(&call.args[0], scope)?;
				Ok(Value::Word(format!("{name}({receiver}, {argument})")))
			},
			_ => unknown(call, "unknown method"),
		}
	}

	/// One line for each assignment in each turn of a loop over coefficients.
	pub(super) fn unroll(&mut self, each: &ExprForLoop, scope: &mut Scope) -> Result<(), Unknown> {
		let element = name_of(&each.pat)?;
		let Value::Array(words) = self.expression(&each.expr, scope)? else {
			return unknown(&each.expr, "not coefficients");
		};
		for word in words {
			let mut inside = scope.clone();
			inside.insert(element.clone(), Value::Word(word));
			for statement in &each.body.stmts {
				let Stmt::Expr(Expr::Assign(assignment), Some(_)) = statement else {
					return unknown(statement, "not an assignment");
				};
				let name = path_of(&assignment.left).and_then(|path| path.last().cloned());
				let Some(name) = name.filter(|name| scope.contains_key(name)) else {
					return unknown(&assignment.left, "not a variable from before the loop");
				};
				let value = self.expression(&assignment.right, &inside)?;
				let value = self.bind(&name, value);
				inside.insert(name.clone(), value.clone());
				scope.insert(name, value);
			}
		}
		Ok(())
	}
}

fn operator(operator: &BinOp) -> Option<&'static str> {
	Some(match operator {
		BinOp::Lt(_) => "<",
		BinOp::Le(_) => "<=",
		BinOp::Gt(_) => ">",
		BinOp::Ge(_) => ">=",
		BinOp::Eq(_) => "==",
		BinOp::Ne(_) => "!=",
		BinOp::And(_) => "&&",
		BinOp::Or(_) => "||",
		BinOp::BitAnd(_) => "&",
		BinOp::BitOr(_) => "|",
		BinOp::BitXor(_) => "^",
		BinOp::Shl(_) => "<<",
		BinOp::Shr(_) => ">>",
		_ => return None,
	})
}
