//! The command line.

use crate::{blobs::BlobCmd, executor::WorkerOptions, keys::KeyCmd};
use clap::{Args, Parser, Subcommand as ClapSubcommand};
use polkadot_sdk::{
	sc_cli::{self, OffchainWorkerEnabled},
	sc_service::Configuration,
};

const EXAMPLES: &str = "\
Examples:
  A chain for yourself, gone when it stops (RPC at ws://127.0.0.1:9944):
      assay-node --dev --tmp

  One of the four validators of a local network; the others use --bob, --charlie, --dave,
  their own --base-path and ports, and --bootnodes with the address that this one prints:
      assay-node --chain local --alice --base-path /tmp/alice --port 30333 --rpc-port 9944 \\
          --unsafe-force-node-key-generation

  A validator of a network given by its specification, with keys that only it knows. Make keys with
  the RPC author_rotateKeysWithOwner(0xPUBLIC_KEY_OF_ACCOUNT) and register them with session.setKeys(keys, proof):
      assay-node key generate-node-key --chain network.json --base-path /var/lib/assay
      assay-node --chain network.json --validator --name my-node --base-path /var/lib/assay

  A solver and challenger: the solver's account registers and bonds stake (computeStaking.register
  and bond), the challenger's needs money for bonds only. Then give their keys to the node. The
  first key bids, trains, claims and answers disputes, the second checks claims of others and
  opens disputes:
      assay-node key insert --key-type asol --scheme sr25519 --suri SECRET --chain network.json \\
          --base-path /var/lib/assay
      assay-node key insert --key-type achl --scheme sr25519 --suri SECRET --chain network.json \\
          --base-path /var/lib/assay
      assay-node --chain network.json --base-path /var/lib/assay --worker /usr/bin/assay-worker

  A data set for a task: its key is the data_root, and other nodes download it from this one:
      assay-node blob put train.bin --chain network.json --base-path /var/lib/assay

  Launching a network: `assay-node export-chain-spec --chain mainnet:launch.json --raw` merges your
  validators and balances over the production preset; `--chain mainnet` shows what it contains.";

const CHAINS: &str = "The network: dev, local, mainnet, mainnet:LAUNCH.json, or the file of a chain specification, as \
`export-chain-spec` writes it";

/// A node of the Assay network: makes, checks and finalises blocks, serves RPC, and runs the off-chain
/// workers that drive training and disputes.
#[derive(Debug, Parser)]
#[command(
	propagate_version = true,
	args_conflicts_with_subcommands = true,
	subcommand_negates_reqs = true,
	after_long_help = EXAMPLES,
	// Solvers and challengers find their tasks and disputes there.
	mut_arg("indexing_enabled", |arg| arg.default_value("true")),
	mut_arg("chain", |arg| arg.help(CHAINS).long_help(CHAINS))
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

	/// Which worker computes for this node.
	#[command(flatten)]
	pub(crate) worker: WorkerOptions,

	/// A blob is given up when no peer brings any of it for so long. A list of a claim or dispute is also
	/// given up when it takes as much longer than this as it would at 64 KiB a second.
	#[arg(long, value_name = "SECONDS", default_value_t = 120)]
	pub(crate) blob_patience: u64,
}

impl Run {
	/// Whether off-chain workers run: with an executor they have work on any node, so that
	/// `--offchain-worker when-authority`, the default, does not keep them from it.
	pub(crate) fn runs_offchain_workers(&self, config: &Configuration, has_executor: bool) -> bool {
		match self.base.offchain_worker_params.enabled {
			OffchainWorkerEnabled::WhenAuthority | OffchainWorkerEnabled::Always => {
				config.offchain_worker.enabled || has_executor
			},
			OffchainWorkerEnabled::Never => false,
		}
	}
}

/// What the binary can do beside running a node.
#[derive(Debug, ClapSubcommand)]
pub(crate) enum Subcommand {
	/// Make, inspect and store keys.
	#[command(subcommand)]
	Key(KeyCmd),

	/// Put blobs (data sets, tensors, lists) into a node's store, get them, list and verify them.
	#[command(subcommand)]
	Blob(BlobCmd),

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
