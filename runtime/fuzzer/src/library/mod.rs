//! Tasks that can be worked on, and what solvers and challengers would say about them.
//!
//! Executing a task and playing a game takes milliseconds; a call takes microseconds. So all that could
//! be said is worked out once, and the fuzzer plays from these scripts.

mod program;
mod script;
mod segment;

pub use script::{Script, Style};
pub use segment::{Segment, Variant};

use assay_case::testing::Execution;
use assay_commitment::Root;
use assay_primitives::Work;
use std::{
	collections::HashMap,
	hash::Hash,
	sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// Number of a kind of task.
pub type Kind = u8;

/// Steps and stride of each kind: single steps, one long stride, even strides, and a short last one.
const KINDS: [(u32, u32); 4] = [(3, 1), (4, 4), (8, 2), (5, 2)];

/// Steps that were done before the first step of each kind.
const FIRST: [u32; 4] = [0, 0, 0, 1_000];

/// How many kinds there are.
pub const KIND_COUNT: Kind = KINDS.len() as Kind;

/// Kind, first step and number of steps.
type Place = (Kind, u32, u32);

type ScriptKey = (Place, Style);

/// Everything that was worked out so far.
pub struct Library {
	wholes: Vec<Execution>,
	starts: HashMap<(Root, u32, u32), Kind>,
	segments: Mutex<HashMap<Place, Arc<Segment>>>,
	scripts: Mutex<HashMap<ScriptKey, Option<Arc<Script>>>>,
}

/// The one library; what is in it depends on nothing but the code.
pub fn library() -> &'static Library {
	static LIBRARY: OnceLock<Library> = OnceLock::new();
	LIBRARY.get_or_init(Library::new)
}

impl Library {
	fn new() -> Self {
		let whole = |((steps, stride), first): (&(u32, u32), &u32)| {
			let mut task = program::task(*steps, *stride);
			task.first_step = *first;
			Execution::new(&task, Vec::new())
		};
		let wholes: Vec<_> = KINDS.iter().zip(&FIRST).map(whole).collect();
		let mut starts = HashMap::new();
		for (kind, whole) in (0..).zip(&wholes) {
			let task = &whole.task;
			for first in (task.first_step..task.end_step()).step_by(task.stride as usize) {
				starts.insert((whole.state(first), task.end_step() - first, task.stride), kind);
			}
		}
		Self { wholes, starts, segments: Mutex::default(), scripts: Mutex::default() }
	}

	/// The whole of a kind, executed honestly.
	pub fn whole(&self, kind: Kind) -> &Execution {
		&self.wholes[usize::from(kind % KIND_COUNT)]
	}

	/// The kind of which this is all or an honest rest.
	pub fn kind_of(&self, work: &Work) -> Option<Kind> {
		let kind = *self.starts.get(&(work.init_root, work.steps, work.stride))?;
		let task = &self.whole(kind).task;
		let same = (work.seed, work.records, work.record_size)
			== (task.seed, task.records(), task.record_size);
		(same && work.data_root == task.data_root()).then_some(kind)
	}

	/// Some steps of a kind.
	pub fn segment(&self, kind: Kind, first: u32, steps: u32) -> Arc<Segment> {
		let make = || Arc::new(Segment::new(self.whole(kind), first, steps));
		remembered(&self.segments, (kind, first, steps), make)
	}

	/// The game of a claim against a challenger; `None` where the challenger has nothing to say.
	pub fn script(&self, kind: Kind, segment: &Segment, style: Style) -> Option<Arc<Script>> {
		let task = &segment.task;
		let place = (kind, task.first_step, task.steps);
		let make = || Script::new(segment, style).map(Arc::new);
		remembered(&self.scripts, (place, style), make)
	}
}

/// What is in the map, or else is put there. Two threads may make the same thing at once: it is the same.
fn remembered<Key: Copy + Eq + Hash, Value: Clone>(
	map: &Mutex<HashMap<Key, Value>>,
	key: Key,
	make: impl FnOnce() -> Value,
) -> Value {
	let known = map.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
	known.unwrap_or_else(|| {
		let value = make();
		map.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value.clone());
		value
	})
}
