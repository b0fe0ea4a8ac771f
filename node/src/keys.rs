//! `key`: the stock commands, of which `insert` knows the keys that this node uses.

use clap::{error::ErrorKind, ArgMatches, Args, Command, FromArgMatches, Subcommand};
use polkadot_sdk::sc_cli::{
	self, CryptoScheme, GenerateCmd, GenerateNodeKeyCmd, InsertKeyCmd, InspectKeyCmd,
	InspectNodeKeyCmd, SubstrateCli,
};

/// Types of keys, their scheme, and whose they are.
const KEYS: [(&str, CryptoScheme, &str); 4] = [
	("asol", CryptoScheme::Sr25519, "solver"),
	("achl", CryptoScheme::Sr25519, "challenger"),
	("babe", CryptoScheme::Sr25519, "validator, to make blocks"),
	("gran", CryptoScheme::Ed25519, "validator, to finalise them"),
];

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCmd {
	/// Generate a random node key, write it to a file or standard output and its peer id to standard error.
	GenerateNodeKey(GenerateNodeKeyCmd),

	/// Generate a random account.
	Generate(GenerateCmd),

	/// Get a public key and an address from a secret URI.
	Inspect(InspectKeyCmd),

	/// Load a node key from a file or standard input and print its peer id.
	InspectNodeKey(InspectNodeKeyCmd),

	/// Put a key of a solver, challenger or validator into the keystore of a node.
	Insert(Insert),
}

impl KeyCmd {
	/// Does it.
	pub(crate) fn run<C: SubstrateCli>(&self, cli: &C) -> sc_cli::Result<()> {
		match self {
			Self::GenerateNodeKey(cmd) => {
				let spec = cli.load_spec(cmd.chain.as_deref().unwrap_or_default())?;
				cmd.run(spec.id(), &C::executable_name())
			},
			Self::Generate(cmd) => cmd.run(),
			Self::Inspect(cmd) => cmd.run(),
			Self::InspectNodeKey(cmd) => cmd.run(),
			Self::Insert(cmd) => cmd.run(cli),
		}
	}
}

/// The stock command, and the type of the key, which it keeps to itself.
#[derive(Debug)]
pub(crate) struct Insert {
	stock: InsertKeyCmd,
	kind: String,
}

/// A type of key that this node uses.
fn kind(text: &str) -> Result<String, String> {
	match KEYS.iter().any(|(kind, ..)| *kind == text) {
		true => Ok(text.into()),
		false => Err(format!("this node has no such keys; {}", known())),
	}
}

fn known() -> String {
	let lines = KEYS.map(|(kind, _, whose)| format!("{kind} ({whose})"));
	format!("there are {}", lines.join(", "))
}

impl Args for Insert {
	fn augment_args(command: Command) -> Command {
		InsertKeyCmd::augment_args(command).mut_arg("key_type", |arg| {
			let help = format!("Type of the key; {}", known());
			arg.value_parser(kind).help(help.clone()).long_help(help)
		})
	}

	fn augment_args_for_update(command: Command) -> Command {
		Self::augment_args(command)
	}
}

impl FromArgMatches for Insert {
	fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
		let kind: Option<&String> = matches.get_one("key_type");
		let kind = kind.ok_or_else(|| clap::Error::new(ErrorKind::MissingRequiredArgument))?;
		Ok(Self { stock: InsertKeyCmd::from_arg_matches(matches)?, kind: kind.clone() })
	}

	fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
		*self = Self::from_arg_matches(matches)?;
		Ok(())
	}
}

impl Insert {
	fn run<C: SubstrateCli>(&self, cli: &C) -> sc_cli::Result<()> {
		let shared = &self.stock.shared_params;
		let input = |text: String| Err(sc_cli::Error::Input(text));
		if shared.is_dev() && shared.base_path.is_none() {
			return input("with --dev, name the node's --base-path: there is no usual one".into());
		}
		let Some((_, scheme, _)) = KEYS.iter().find(|(kind, ..)| *kind == self.kind) else {
			return input(known());
		};
		if self.stock.scheme != *scheme {
			let (kind, scheme) = (&self.kind, format!("{scheme:?}").to_lowercase());
			return input(format!("keys of type {kind} are of --scheme {scheme}"));
		}
		self.stock.run(cli)?;
		let spec = cli.load_spec(&shared.chain_id(shared.is_dev()))?;
		let folder = shared.base_path()?.unwrap_or_else(|| {
			polkadot_sdk::sc_service::BasePath::from_project("", "", &C::executable_name())
		});
		let folder = folder.config_dir(spec.id());
		println!("a key of type {} is in the keystore of {}", self.kind, folder.display());
		Ok(())
	}
}
