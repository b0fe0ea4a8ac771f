//! Configuration of each pallet, one file each.

mod authorship;
mod babe;
mod balances;
mod compute_staking;
mod dispute;
mod election;
mod grandpa;
mod identity;
mod multisig;
mod offences;
mod proxy;
mod session;
mod staking;
mod sudo;
mod system;
mod task_market;
mod timestamp;
mod timing;
mod transaction_payment;
mod treasury;
mod utility;
mod voter_list;

pub use election::OnChainElection;
pub use proxy::ProxyType;
pub use system::{BlockLength, BlockWeights};
pub use treasury::TreasuryAccount;
