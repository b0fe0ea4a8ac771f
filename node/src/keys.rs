//! `key`: the stock commands, of which `insert` knows the keys that this node uses.

use clap::{ArgMatches, Command, FromArgMatches, Subcommand};
use polkadot_sdk::{
	sc_cli::{self, CryptoScheme, InsertKeyCmd, KeySubcommand, SubstrateCli},
	sc_service::BasePath,
};

/// Types of keys, their scheme, and whose they are.
const KEYS: [(&str, CryptoScheme, &str); 4] = [
	("asol", CryptoScheme::Sr25519, "solver"),
	("achl", CryptoScheme::Sr25519, "challenger"),
	("babe", CryptoScheme::Sr25519, "validator, to make blocks"),
	("gran", CryptoScheme::Ed25519, "validator, to finalise them"),
];

/// What can be done with keys.
#[derive(Debug)]
pub(crate) struct KeyCmd {
	stock: KeySubcommand,
	/// Type of the key that is inserted, which the stock command keeps to itself.
	kind: Option<String>,
}

fn known() -> String {
	let lines = KEYS.map(|(kind, _, whose)| format!("{kind} ({whose})"));
	format!("there are {}", lines.join(", "))
}

/// A type of key that this node uses.
fn kind(text: &str) -> Result<String, String> {
	match KEYS.iter().any(|(kind, ..)| *kind == text) {
		true => Ok(text.into()),
		false => Err(format!("no node uses such keys; {}", known())),
	}
}

impl Subcommand for KeyCmd {
	fn augment_subcommands(command: Command) -> Command {
		KeySubcommand::augment_subcommands(command).mut_subcommand("insert", |insert| {
			insert.mut_arg("key_type", |arg| {
				let help = format!("Type of the key; {}", known());
				arg.value_parser(kind).help(help.clone()).long_help(help)
			})
		})
	}

	fn augment_subcommands_for_update(command: Command) -> Command {
		Self::augment_subcommands(command)
	}

	fn has_subcommand(name: &str) -> bool {
		KeySubcommand::has_subcommand(name)
	}
}

impl FromArgMatches for KeyCmd {
	fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
		let kind =
			matches.subcommand_matches("insert").and_then(|insert| insert.get_one("key_type"));
		Ok(Self { stock: KeySubcommand::from_arg_matches(matches)?, kind: kind.cloned() })
	}

	fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
		*self = Self::from_arg_matches(matches)?;
		Ok(())
	}
}

impl KeyCmd {
	/// Does it.
	pub(crate) fn run<C: SubstrateCli>(&self, cli: &C) -> sc_cli::Result<()> {
		match (&self.stock, &self.kind) {
			(KeySubcommand::Insert(insert), Some(kind)) => put(cli, insert, kind),
			(stock, _) => stock.run(cli),
		}
	}
}

/// Puts a key that a node will use into its keystore, and says where that is.
fn put<C: SubstrateCli>(cli: &C, insert: &InsertKeyCmd, kind: &str) -> sc_cli::Result<()> {
	let input = |text: String| Err(sc_cli::Error::Input(text));
	let (shared, own) = (&insert.shared_params, &insert.keystore_params.keystore_path);
	if shared.is_dev() && shared.base_path.is_none() && own.is_none() {
		return input("with --dev, name the node's --base-path: there is no usual one".into());
	}
	if let Some((_, scheme, _)) = KEYS.iter().find(|(one, ..)| *one == kind) {
		if insert.scheme != *scheme {
			let scheme = format!("{scheme:?}").to_lowercase();
			return input(format!("keys of type {kind} are of --scheme {scheme}"));
		}
	}
	insert.run(cli)?;
	let folder = match own {
		Some(folder) => folder.clone(),
		None => {
			let spec = cli.load_spec(&shared.chain_id(shared.is_dev()))?;
			let usual = || BasePath::from_project("", "", &C::executable_name());
			shared.base_path()?.unwrap_or_else(usual).config_dir(spec.id()).join("keystore")
		},
	};
	println!("a key of type {kind} is in {}", folder.display());
	Ok(())
}
