//! PTX text to kernels that can be executed.

use std::collections::BTreeMap;

use super::group::columns;
use super::instruction::{compute, Compute};
use super::program::{Action, Instruction, Kernel, Register, SPECIAL};

/// All kernels of a module by name, or what is wrong with the text.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Kernel>, String> {
	let mut kernels = BTreeMap::new();
	let mut current: Option<(String, Parser)> = None;
	for (number, line) in text.lines().enumerate() {
		let line = line.split("//").next().unwrap_or_default().trim();
		let fail = |why: String| format!("line {}: {why}: {line}", number + 1);
		if let Some(rest) = line.strip_prefix(".visible .entry ") {
			let name = rest.trim_end_matches('(').to_owned();
			current = Some((name, Parser::default()));
		} else if line == "}" && current.as_ref().is_some_and(|(_, parser)| parser.depth == 1) {
			if let Some((name, parser)) = current.take() {
				kernels.insert(name, parser.finish()?);
			}
		} else if let Some((_, parser)) = &mut current {
			parser.line(line).map_err(fail)?;
		}
	}
	Ok(kernels)
}

#[derive(Default)]
struct Parser {
	kernel: Kernel,
	registers: BTreeMap<String, Register>,
	symbols: BTreeMap<String, usize>,
	labels: BTreeMap<String, usize>,
	/// Branches whose label may come later.
	branches: Vec<(usize, String)>,
	/// Open braces.
	depth: u32,
	/// Braces opened so far, and registers declared inside the innermost ones: they hide those of the same
	/// name outside.
	scopes: u32,
	local: Vec<String>,
}

impl Parser {
	fn line(&mut self, line: &str) -> Result<(), String> {
		if self.kernel.registers.is_empty() {
			for name in SPECIAL {
				self.register(name);
			}
		}
		let mut words = line.split_whitespace();
		match words.next() {
			None | Some(")" | ".minnctapersm" | ".pragma") => Ok(()),
			Some("{") => {
				self.depth += 1;
				self.scopes += 1;
				Ok(())
			},
			Some("}") => {
				self.depth -= 1;
				self.local.clear();
				Ok(())
			},
			Some(".reg") => {
				let name = line.trim_end_matches(';').split_whitespace().last().unwrap_or_default();
				if self.depth > 1 {
					self.local.push(name.to_owned());
				}
				Ok(())
			},
			Some(".param") => {
				let place = self.declare(line, |kernel| &mut kernel.parameters)?;
				self.kernel.each.push(place);
				Ok(())
			},
			Some(".shared") => self.declare(line, |kernel| &mut kernel.shared).map(drop),
			Some(".maxntid") => {
				let count = words.next().map(|word| word.trim_end_matches(','));
				self.kernel.max_threads = count.and_then(|count| count.parse().ok());
				Ok(())
			},
			Some(word) if word.starts_with('.') => Err("unknown directive".into()),
			Some(word) if word.ends_with(':') => {
				let label = word.trim_end_matches(':').to_owned();
				self.labels.insert(label, self.kernel.instructions.len());
				Ok(())
			},
			Some(_) => self.instruction(line.trim_end_matches(';')),
		}
	}

	fn finish(mut self) -> Result<Kernel, String> {
		for (at, label) in self.branches {
			let target = self.labels.get(&label).ok_or(format!("no label {label}"))?;
			self.kernel.instructions[at].action = Action::Branch { target: *target };
		}
		Ok(self.kernel)
	}

	/// Gives a parameter or a shared variable its place behind those before it: its beginning and its bytes.
	fn declare(
		&mut self,
		line: &str,
		end: fn(&mut Kernel) -> &mut usize,
	) -> Result<(usize, usize), String> {
		let declared = Declared::new(line).ok_or("unknown declaration")?;
		let end = end(&mut self.kernel);
		let start = end.next_multiple_of(declared.align);
		*end = start + declared.bytes;
		self.symbols.insert(declared.name.to_owned(), start);
		Ok((start, declared.bytes))
	}

	/// The register of a name or of an immediate.
	fn register(&mut self, name: &str) -> Register {
		let next = self.kernel.registers.len() as Register;
		let register = *self.registers.entry(name.to_owned()).or_insert(next);
		if register == next {
			self.kernel.registers.push(0);
		}
		register
	}

	fn operand(&mut self, text: &str) -> Result<Register, String> {
		let hidden = self.local.iter().any(|name| name == text);
		let local = hidden.then(|| format!("{text} in {}", self.scopes));
		let text = local.as_deref().unwrap_or(text);
		let known = text.starts_with('%') || self.registers.contains_key(text);
		let register = self.register(text);
		if !known {
			let value = match self.symbols.get(text) {
				Some(address) => *address as u64,
				None => immediate(text).ok_or(format!("unknown operand {text}"))?,
			};
			self.kernel.registers[register as usize] = value;
		}
		Ok(register)
	}

	/// `[register+offset]`.
	fn address(&mut self, text: &str) -> Result<(Register, i64), String> {
		let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
		let inner = inner.ok_or(format!("not an address: {text}"))?;
		let (base, offset) = inner.split_once('+').unwrap_or((inner, "0"));
		let offset = offset.parse().map_err(|_| format!("not an offset: {offset}"))?;
		Ok((self.operand(base)?, offset))
	}

	fn instruction(&mut self, line: &str) -> Result<(), String> {
		let (guard, line) = match line.strip_prefix('@') {
			Some(rest) => {
				let (name, rest) = rest.split_once(char::is_whitespace).ok_or("no opcode")?;
				let negated = name.starts_with('!');
				(Some((self.operand(name.trim_start_matches('!'))?, negated)), rest.trim())
			},
			None => (None, line),
		};
		let (opcode, operands) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
		let operands = split(operands);
		let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
		let action = self.action(opcode, &operands)?;
		self.kernel.instructions.push(Instruction { guard, action });
		Ok(())
	}

	fn action(&mut self, opcode: &str, operands: &[&str]) -> Result<Action, String> {
		Ok(match (opcode, operands) {
			("ret", []) => Action::Return,
			("bra" | "bra.uni", [label]) => {
				self.branches.push((self.kernel.instructions.len(), (*label).to_owned()));
				Action::Branch { target: 0 }
			},
			("bar.sync" | "barrier.sync", ["0"]) => Action::Barrier,
			("bar.red.or.pred", [to, "0", from]) => {
				Action::BarrierOr { to: self.operand(to)?, from: self.operand(from)? }
			},
			("shfl.sync.down.b32", [to, from, distance, bound, mask]) => Action::ShuffleDown {
				// The predicate beside the result says whether there was such a lane; kernels do not ask.
				to: self.operand(to.split('|').next().unwrap_or(to))?,
				from: self.operand(from)?,
				distance: self.operand(distance)?,
				bound: self.operand(bound)?,
				mask: self.operand(mask)?,
			},
			("redux.sync.max.u32", [to, from, mask]) => Action::MaxOfWarp {
				to: self.operand(to)?,
				from: self.operand(from)?,
				mask: self.operand(mask)?,
			},
			("vote.sync.all.pred", [to, from, mask]) => Action::AllOfWarp {
				to: self.operand(to)?,
				from: self.operand(from)?,
				mask: self.operand(mask)?,
			},
			("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", [to, a, b, c]) => {
				Action::Multiply {
					to: self.fragment(to)?,
					a: self.fragment(a)?,
					b: self.fragment(b)?,
					c: self.fragment(c)?,
				}
			},
			("fence.proxy.async.shared::cta", []) => Action::ProxyFence,
			("wgmma.fence.sync.aligned", []) => Action::GroupFence,
			("wgmma.commit_group.sync.aligned", []) => Action::GroupCommit,
			("wgmma.wait_group.sync.aligned", ["0"]) => Action::GroupWait,
			(_, [sums, a, b, add]) if opcode.starts_with("wgmma.mma_async.") => {
				let sums = self.braced(sums)?;
				let known = format!(
					"wgmma.mma_async.sync.aligned.m64n{}k32.s32.s8.s8",
					columns(sums.len())
				);
				if opcode != known {
					return Err("unknown instruction".into());
				}
				let [a, b, add] = [self.operand(a)?, self.operand(b)?, self.operand(add)?];
				Action::GroupMultiply { sums, a, b, add }
			},
			("cp.async.cg.shared.global", [to, from, "16"]) => {
				Action::Copy { to: self.address(to)?, from: self.address(from)? }
			},
			("cp.async.commit_group", []) => Action::CopyGroup,
			("cp.async.wait_group", [groups]) => {
				Action::CopyWait { groups: groups.parse().map_err(|_| "not a number of groups")? }
			},
			(_, [to, from]) if opcode.starts_with("ld.") || opcode.starts_with("st.") => {
				self.memory(opcode, to, from)?
			},
			(_, [to, from @ ..]) => self.computation(opcode, to, from)?,
			_ => return Err("unknown instruction".into()),
		})
	}

	fn memory(&mut self, opcode: &str, to: &str, from: &str) -> Result<Action, String> {
		Ok(match opcode {
			"ld.param.u32" | "ld.param.u64" => {
				let inner = from.trim_start_matches('[').trim_end_matches(']');
				let (symbol, offset) = inner.split_once('+').unwrap_or((inner, "0"));
				let start = self.symbols.get(symbol).ok_or(format!("no parameter {symbol}"))?;
				let offset = start + offset.parse::<usize>().map_err(|_| "not an offset")?;
				Action::LoadParameter {
					to: self.operand(to)?,
					offset,
					wide: opcode.ends_with("64"),
				}
			},
			_ if opcode.starts_with("ld.global.") => {
				let (at, offset) = self.address(from)?;
				Action::LoadGlobal { to: self.vector(opcode, to)?, at, offset }
			},
			_ if opcode.starts_with("st.global.") => {
				let (at, offset) = self.address(to)?;
				Action::StoreGlobal { at, offset, from: self.vector(opcode, from)? }
			},
			_ if opcode.starts_with("ld.shared.") => {
				let (at, offset) = self.address(from)?;
				Action::LoadShared { to: self.vector(opcode, to)?, at, offset }
			},
			_ if opcode.starts_with("st.shared.") => {
				let (at, offset) = self.address(to)?;
				Action::StoreShared { at, offset, from: self.vector(opcode, from)? }
			},
			_ => return Err("unknown instruction".into()),
		})
	}

	fn computation(&mut self, opcode: &str, to: &str, from: &[&str]) -> Result<Action, String> {
		let compute = compute(opcode).ok_or("unknown instruction")?;
		let count = match compute {
			Compute::One(_) => 1,
			Compute::Two(_) => 2,
			Compute::Three(_) => 3,
			Compute::Four(_) => 4,
		};
		if from.len() != count {
			return Err(format!("{count} operands expected"));
		}
		let mut registers = [0; 4];
		for (register, text) in registers.iter_mut().zip(from) {
			*register = self.operand(text)?;
		}
		Ok(Action::Compute { to: self.operand(to)?, from: registers, compute })
	}

	/// The registers of a load or store of one word or of `{four, words, at, once}`.
	fn vector(&mut self, opcode: &str, text: &str) -> Result<Vec<Register>, String> {
		let words = match opcode.split('.').nth(2) {
			Some("v4") => 4,
			Some("v2") => 2,
			Some("u32" | "f32" | "b32") => 1,
			_ => return Err("unknown instruction".into()),
		};
		let registers = self.braced(text)?;
		if registers.len() != words || !opcode.ends_with("32") {
			return Err("unknown instruction".into());
		}
		Ok(registers)
	}

	/// The registers of a fragment of a matrix, which are so many.
	fn fragment<const N: usize>(&mut self, text: &str) -> Result<[Register; N], String> {
		self.braced(text)?.try_into().map_err(|_| format!("{N} registers expected"))
	}

	fn braced(&mut self, text: &str) -> Result<Vec<Register>, String> {
		let inner = text.trim_start_matches('{').trim_end_matches('}');
		inner.split(',').map(|name| self.operand(name.trim())).collect()
	}
}

/// Operands at the commas outside braces.
fn split(text: &str) -> Vec<String> {
	let (mut operands, mut depth) = (vec![String::new()], 0);
	for c in text.chars() {
		match c {
			'{' => depth += 1,
			'}' => depth -= 1,
			_ => {},
		}
		match c {
			',' if depth == 0 => operands.push(String::new()),
			c => operands.last_mut().into_iter().for_each(|operand| operand.push(c)),
		}
	}
	let operands = operands.iter().map(|operand| operand.trim().to_owned());
	operands.filter(|operand| !operand.is_empty()).collect()
}

/// `.param .u64 name`, or `.shared .align 4 .b8 name[12]`.
struct Declared<'a> {
	name: &'a str,
	align: usize,
	bytes: usize,
}

impl<'a> Declared<'a> {
	fn new(line: &'a str) -> Option<Self> {
		let words: Vec<&str> = line.trim_end_matches([',', ';']).split_whitespace().collect();
		match words.as_slice() {
			[_, ".u64", name] => Some(Self { name, align: 8, bytes: 8 }),
			[_, ".u32", name] => Some(Self { name, align: 4, bytes: 4 }),
			[_, ".align", align, ".b8", array] => {
				let (name, size) = array.strip_suffix(']')?.split_once('[')?;
				Some(Self { name, align: align.parse().ok()?, bytes: size.parse().ok()? })
			},
			_ => None,
		}
	}
}

fn immediate(text: &str) -> Option<u64> {
	if let Some(bits) = text.strip_prefix("0f") {
		return u32::from_str_radix(bits, 16).ok().map(u64::from);
	}
	if let Some(digits) = text.strip_prefix("0x") {
		return u64::from_str_radix(digits, 16).ok();
	}
	match text.strip_prefix('-') {
		Some(digits) => digits.parse::<u64>().ok().map(u64::wrapping_neg),
		None => text.parse().ok(),
	}
}
