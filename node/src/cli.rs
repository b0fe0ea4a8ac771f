//! The command line.

use clap::{Args, Parser, Subcommand as ClapSubcommand};
use polkadot_sdk::sc_cli;

const EXAMPLES: &str = "\
Examples:
  A chain for yourself, gone when it stops (RPC at ws://127.0.0.1:9944):
      assay-node --dev --tmp

  One of the four validators of a local network; the others use --bob, --charlie, --dave,
  their own --base-path and ports, and --bootnodes with the address that this one prints:
      assay-node --chain local --alice --base-path /tmp/alice --port 30333 --rpc-port 9944

  A validator of a network given by its specification, with keys that only it knows. Make keys with
  the RPC author_rotateKeysWithOwner(ACCOUNT) and register them with session.setKeys(keys, proof):
      assay-node --chain network.json --validator --name my-node --base-path /var/lib/assay

  Launching a network: `assay-node export-chain-spec --chain mainnet:launch.json --raw` merges your
  validators and balances over the production preset; `--chain mainnet` shows what it contains.";

/// A node of the Assay network: makes, checks and finalises blocks, serves RPC, and runs the off-chain
/// workers that drive training and disputes.
#[derive(Debug, Parser)]
#[command(
	propagate_version = true,
	args_conflicts_with_subcommands = true,
	subcommand_negates_reqs = true,
	after_help = EXAMPLES
)]
pub(crate) struct Cli {
	/// Something other than running a node.
	#[command(subcommand)]
	pub(crate) subcommand: Option<Subcommand>,

	/// How to run a node.
	#[command(flatten)]
	pub(crate) run: Run,
}

/// Options of a running node.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
	/// The stock options.
	#[command(flatten)]
	pub(crate) base: sc_cli::RunCmd,

	/// Measure processor, memory and disk at start-up (takes some seconds) and report the scores.
	#[arg(long)]
	pub(crate) hwbench: bool,
}

/// What the binary can do beside running a node.
#[derive(Debug, ClapSubcommand)]
pub(crate) enum Subcommand {
	/// Make, inspect and store keys.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Write a chain specification, readable or (--raw) ready for distribution.
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Execute a block of the database again.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Read blocks from a file.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Write the state of a block as a chain specification.
	ExportState(sc_cli::ExportStateCmd),

	/// Delete the database of a chain.
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Drop the newest blocks that are not final.
	Revert(sc_cli::RevertCmd),

	/// Show the heights and hashes in the database.
	ChainInfo(sc_cli::ChainInfoCmd),
}
