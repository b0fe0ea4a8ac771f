//! What adversaries try, each a small named value.
//!
//! The first fourteen follow the actors that Optimism plays against its fault dispute games. There an
//! actor *attacks* (says that an earlier place is wrong) or *defends* (that a later one is), the *last*
//! claim or *every* one, with *correct* or *incorrect* values. Here an attack goes to the first leaf and a
//! defence to the last; the last claim is one game, every claim is one game for each place; correct values
//! are those of the right execution.

/// Which claims a strategy is played about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
	/// Right ones: the solver is honest, the adversary accuses.
	Right,
	/// Wrong ones: the adversary is the solver, and may send accomplices that accuse it.
	Wrong,
	/// Both.
	Any,
}

/// Which leaves an accuser names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
	/// Those where the claim differs from an execution that is wrong.
	Believed,
	/// The first of every list.
	First,
	/// The last of every list.
	Last,
	/// Any.
	Any,
	/// The neighbour left of a wrong one.
	Left,
	/// The neighbour right of a wrong one.
	Right,
	/// Another one in every game about a claim.
	Each,
}

/// Which lists a lying solver posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
	/// Those of its wrong execution.
	Own,
	/// Those of the right execution, as long as they are accepted.
	Right,
	/// Hashes of nothing.
	Garbage,
	/// The right ones in so many moves, its own from then on.
	Mirror(u8),
}

/// When the adversary moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
	/// At once.
	Prompt,
	/// In the last block that its clock allows.
	Last,
	/// In any block.
	Any,
	/// At once and in the last block by turns.
	Alternate,
}

/// How many accounts accuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
	/// One.
	One,
	/// Two or three.
	Few,
	/// As many as there are places, and again as many.
	Full,
}

/// What an adversary tries.
#[derive(Clone, Copy, Debug)]
pub struct Strategy {
	/// One word.
	pub name: &'static str,
	/// What it is after.
	pub tries: &'static str,
	/// Which claims it is played about.
	pub about: About,
	/// Leaves named in moves by turns.
	pub leaves: [Leaves; 2],
	/// Lists posted in moves by turns.
	pub lists: [Lists; 2],
	/// When it moves.
	pub pace: Pace,
	/// How many accuse.
	pub crowd: Crowd,
	/// Asks for lists although they are published.
	pub asks: bool,
	/// Keeps its lists to itself.
	pub withholds: bool,
	/// Publishes lists with a flipped bit.
	pub spoils: bool,
	/// Brings no evidence, so that the solver must.
	pub blind: bool,
	/// Falls silent after at most so many moves of a game.
	pub silent: Option<u8>,
	/// Never answers an accusation.
	pub absent: bool,
	/// All its accounts name the same leaf.
	pub doubles: bool,
	/// Replayed, garbled and made-up moves before each block.
	pub noise: u8,
	/// A lying solver's accomplices accuse it.
	pub sham: bool,
	/// Sends what it sees in the pool under its own name first.
	pub copies: bool,
	/// After a re-org, sends again whatever it saw on the branch that was lost.
	pub replays: bool,
	/// Tries to end games and claims before their time.
	pub early: bool,
	/// Withdraws its claim when it can.
	pub concedes: bool,
	/// Tries to take its stake out before it can be taken.
	pub unbonds: bool,
	/// Holds all places but one, and takes the last one whenever somebody wants it.
	pub shuts: bool,
	/// Accuses where replays take as long as is admitted.
	pub heavy: bool,
	/// Keeps openings out of the chain as long as it can.
	pub mutes: bool,
	/// Keeps moves out of the chain until they tip as much as they ever will.
	pub milks: bool,
	/// Why it wins, or does harm for less than ten times its cost, if it does: then it is played by name only.
	pub known: Option<&'static str>,
}

impl Strategy {
	/// Whether its accomplices know what is wrong with its claim.
	pub fn knows(&self) -> bool {
		self.leaves.iter().any(|leaves| matches!(leaves, Leaves::Left | Leaves::Right))
	}
}

/// Plays well, by a wrong execution.
pub(super) const PLAIN: Strategy = Strategy {
	name: "",
	tries: "",
	about: About::Any,
	leaves: [Leaves::Believed; 2],
	lists: [Lists::Own; 2],
	pace: Pace::Prompt,
	crowd: Crowd::One,
	asks: false,
	withholds: false,
	spoils: false,
	blind: false,
	silent: None,
	absent: false,
	doubles: false,
	noise: 0,
	sham: false,
	copies: false,
	replays: false,
	early: false,
	concedes: false,
	unbonds: false,
	shuts: false,
	heavy: false,
	mutes: false,
	milks: false,
	known: None,
};

const fn named(name: &'static str, tries: &'static str) -> Strategy {
	Strategy { name, tries, ..PLAIN }
}

/// One of Optimism's actors.
const fn actor(
	name: &'static str,
	tries: &'static str,
	leaves: [Leaves; 2],
	lists: [Lists; 2],
	crowd: Crowd,
) -> Strategy {
	Strategy { leaves, lists, crowd, sham: matches!(crowd, Crowd::Full), ..named(name, tries) }
}

use About::{Right as OfRight, Wrong as OfWrong};
use Crowd::{Few, Full, One};
use Leaves::{Any, Believed, Each, First, Last};
use Lists::{Garbage, Mirror, Own, Right as Truth};

/// All strategies.
pub static STRATEGIES: &[Strategy] = &[
	Strategy { silent: Some(0), ..named("do-nothing", "says nothing after its first word") },
	actor("attack-last-correct", "true values, first leaf", [First; 2], [Truth; 2], One),
	actor("defend-last-correct", "true values, last leaf", [Last; 2], [Truth; 2], One),
	actor("attack-last-incorrect", "garbage, first leaf", [First; 2], [Garbage; 2], One),
	actor("defend-last-incorrect", "garbage, last leaf", [Last; 2], [Garbage; 2], One),
	actor("defend-both", "last leaf, true values then garbage", [Last; 2], [Truth, Garbage], One),
	actor("attack-then-defend", "both ends by turns", [First, Last], [Truth, Garbage], One),
	actor("defend-twice-incorrect", "wrong twice", [Last, Believed], [Own, Garbage], One),
	actor("attack-and-defend-incorrect", "both ends, wrong", [First, Last], [Own, Garbage], One),
	actor("attack-everything-correct", "every place, true values", [First; 2], [Truth; 2], Full),
	actor("defend-everything-correct", "every place, last leaf", [Last; 2], [Truth; 2], Full),
	actor("attack-everything-incorrect", "every place, wrong", [First; 2], [Garbage; 2], Full),
	actor("defend-everything-incorrect", "every place, wrong", [Last; 2], [Garbage; 2], Full),
	actor("exhaustive", "every place, everything by turns", [Any, Believed], [Truth, Own], Full),
	named("believer", "is sure of a wrong execution, and plays well"),
	Strategy { pace: Pace::Last, ..named("last-block", "idles until the last block of each turn") },
	Strategy {
		pace: Pace::Last,
		silent: Some(6),
		withholds: true,
		asks: true,
		..named("stall", "asks and is asked, always last, then silent")
	},
	Strategy {
		lists: [Mirror(1), Mirror(2)],
		about: OfWrong,
		..named("mirror", "posts what the honest side has, then diverges")
	},
	Strategy {
		leaves: [Leaves::Left; 2],
		sham: true,
		crowd: Few,
		..named("freeload-left", "names the neighbour left of what is wrong")
	},
	Strategy {
		leaves: [Leaves::Right; 2],
		sham: true,
		crowd: Few,
		..named("freeload-right", "names the neighbour right of what is wrong")
	},
	Strategy {
		about: OfRight,
		crowd: Few,
		doubles: true,
		blind: true,
		..named("double", "opens the same stride more than once")
	},
	Strategy {
		absent: true,
		about: OfWrong,
		..named("absent", "makes a claim and is never seen again")
	},
	Strategy { early: true, crowd: Few, ..named("early", "ends games before their time") },
	Strategy {
		about: OfRight,
		crowd: Full,
		leaves: [Any; 2],
		..named("cap", "takes every place of a right claim, again and again")
	},
	Strategy {
		about: OfRight,
		crowd: Full,
		leaves: [Any; 2],
		pace: Pace::Any,
		silent: Some(3),
		blind: true,
		..named("cap-and-lapse", "takes every place and lets games lapse")
	},
	Strategy {
		about: OfWrong,
		sham: true,
		leaves: [Any; 2],
		crowd: Few,
		..named("self-dispute", "has its own wrong claim acquitted of something else")
	},
	Strategy {
		about: OfWrong,
		sham: true,
		silent: Some(1),
		crowd: Few,
		..named("sham", "accuses itself and falls silent, as a shield")
	},
	Strategy {
		crowd: Few,
		leaves: [Believed, Any],
		lists: [Own, Mirror(3)],
		sham: true,
		..named("split-identity", "several accounts with several stories")
	},
	Strategy { withholds: true, ..named("withhold", "keeps every list to itself") },
	Strategy {
		withholds: true,
		lists: [Garbage, Own],
		..named("withhold-garbage", "keeps lists of nothing to itself")
	},
	Strategy {
		spoils: true,
		about: OfWrong,
		..named("spoil", "publishes lists with a flipped bit")
	},
	Strategy { asks: true, blind: true, ..named("ask", "asks for everything, published or not") },
	Strategy {
		replays: true,
		noise: 1,
		pace: Pace::Any,
		..named("fork-replay", "sends the moves of a lost branch again")
	},
	Strategy {
		copies: true,
		sham: true,
		crowd: Few,
		silent: Some(2),
		..named("front-run", "makes the honest side's moves before it does")
	},
	Strategy {
		about: OfRight,
		crowd: Few,
		leaves: [Any; 2],
		..named("referee-cost", "has the referee judge as often as it can")
	},
	Strategy {
		pace: Pace::Alternate,
		lists: [Own, Truth],
		leaves: [Believed, Any],
		..named("oscillate", "prompt and late, true and false by turns")
	},
	Strategy { noise: 4, pace: Pace::Any, ..named("noise", "replays, garbles and invents moves") },
	Strategy {
		noise: 2,
		withholds: true,
		copies: true,
		early: true,
		replays: true,
		sham: true,
		crowd: Few,
		..named("everything", "all of it at once")
	},
	Strategy {
		about: OfWrong,
		unbonds: true,
		pace: Pace::Any,
		..named("unbond-race", "takes its stake out while its claim is disputed")
	},
	Strategy { concedes: true, about: OfWrong, ..named("concede", "takes its claim back in time") },
	Strategy { silent: Some(4), pace: Pace::Last, ..named("fade", "slows down, then stops") },
	Strategy {
		about: OfRight,
		crowd: Full,
		asks: true,
		blind: true,
		..named("questions", "asks for every list in every place of a right claim")
	},
	Strategy {
		about: OfRight,
		crowd: Full,
		leaves: [Any; 2],
		heavy: true,
		..named("heavy", "accuses many strides of a task that takes long to replay")
	},
	Strategy {
		about: OfRight,
		crowd: Full,
		leaves: [Each; 2],
		heavy: true,
		..named("pile", "accuses all strides of all claims of a solver, which take long to replay")
	},
	Strategy {
		about: OfWrong,
		mutes: true,
		..named("mute", "censors the opening, within the budget")
	},
	Strategy {
		about: OfRight,
		asks: true,
		blind: true,
		milks: true,
		..named("milk", "asks for everything, and has every answer wait until it tips the most")
	},
	Strategy {
		about: OfWrong,
		withholds: true,
		milks: true,
		..named(
			"milk-asked",
			"is asked for everything, and has every question wait until it tips the most",
		)
	},
	Strategy {
		about: OfWrong,
		crowd: Full,
		sham: true,
		copies: true,
		shuts: true,
		leaves: [First; 2],
		..named("shut-out", "takes the last place of its wrong claim whenever somebody wants it")
	},
];

/// The strategy of this name.
pub fn named_strategy(name: &str) -> Option<&'static Strategy> {
	STRATEGIES.iter().find(|strategy| strategy.name == name)
}
