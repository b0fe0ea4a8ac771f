//! `assay-node`: a node of the Assay network.
//!
//! It keeps the chain (BABE makes blocks, GRANDPA finalises them), serves RPC, and runs the off-chain
//! workers that drive the executor. The executor itself is another process: this one links no machine
//! learning code.
#![allow(clippy::result_large_err, reason = "the SDK's own errors are that large")]

mod blobs;
mod chain_spec;
mod cli;
mod command;
mod executor;
mod keys;
mod offchain;
mod rpc;
mod service;

fn main() -> polkadot_sdk::sc_cli::Result<()> {
	command::run()
}
