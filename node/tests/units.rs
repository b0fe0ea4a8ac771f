//! Unit tests of modules of the node, which has no test harness of its own: what is tested is compiled into this file,
//! without the rest of the service.
#![allow(dead_code, unreachable_pub, reason = "the service uses the rest")]

use polkadot_sdk::{
	sc_consensus::LongestChain, sc_executor::WasmExecutor, sc_service,
	sp_io::SubstrateHostFunctions,
};

type Block = assay_runtime::opaque::Block;
type HostFunctions = (SubstrateHostFunctions, assay_host_functions::assay_executor::HostFunctions);
type Client =
	sc_service::TFullClient<Block, assay_runtime::apis::RuntimeApi, WasmExecutor<HostFunctions>>;
type SelectChain = LongestChain<sc_service::TFullBackend<Block>, Block>;

#[path = "../src/service/epochs.rs"]
mod epochs;
#[path = "../src/service/equivocation.rs"]
mod equivocation;
#[path = "../src/rpc/jobs.rs"]
mod jobs;
