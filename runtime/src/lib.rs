//! Assay's state transition function.
//!
//! # Overview
//! The runtime puts together what decides the state of the chain: consensus (BABE makes blocks,
//! GRANDPA finalises them), nominated proof of stake, money, and the pallets that pay for training
//! and judge disputes. It is compiled twice: natively, for tests and for the node's types, and to
//! wasm, which is what the chain executes.
//!
//! # Terms
//! - *preset*: a named genesis configuration inside the wasm ([`genesis_config_presets`]).
//! - *rhythm*: slot, epoch, era and bonding lengths, storage set at genesis ([`timing`]); so one wasm
//!   serves production and fast test networks.
//!
//! # Design
//! One file in [`configs`] per pallet; [`apis`] is what the node may ask; a pallet is added with one
//! configuration file and one line in the runtime macro below. Indices are explicit and never reused.
//! What a node does for its own keys between blocks, solving and challenging, is in [`offchain`].
//! There are no transaction extensions of our own and no unsigned transactions of ours: the only
//! unsigned ones are the stock reports of equivocations, which carry their own proof.

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]
// The macros that assemble the runtime generate hundreds of public items without documentation; what
// is written by hand here is documented.
#![allow(missing_docs)]

extern crate alloc;

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
pub mod constants;
pub mod genesis_config_presets;
#[cfg(feature = "next")]
mod next;
pub mod offchain;
pub mod timing;

use alloc::vec::Vec;
use polkadot_sdk::{
	frame_executive, frame_metadata_hash_extension, frame_support, frame_system, pallet_authorship,
	pallet_babe, pallet_bags_list, pallet_balances, pallet_grandpa, pallet_identity,
	pallet_multisig, pallet_offences, pallet_proxy, pallet_session, pallet_staking, pallet_sudo,
	pallet_timestamp, pallet_transaction_payment, pallet_treasury, pallet_utility,
	sp_consensus_babe, sp_runtime, sp_version,
};
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
#[cfg(not(feature = "next"))]
use sp_version::RuntimeVersion;

/// A signature of any of the supported kinds.
pub type Signature = MultiSignature;
/// Who owns money and sends transactions.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of the token, in 10⁻¹² ASY.
pub type Balance = u128;
/// How many transactions an account has sent.
pub type Nonce = u32;
/// A hash of the chain.
pub type Hash = polkadot_sdk::sp_core::H256;
/// Height of a block.
pub type BlockNumber = u32;
/// How a transaction names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// Header of a block.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block whose transactions are decoded.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// What a signed transaction carries beside its call, in this order. All of it is stock.
pub type TxExtension = (
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckMortality<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);

/// A transaction as it arrives.
pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a sender signs.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Runs blocks.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

/// Types for whoever handles blocks without looking into their transactions: the node.
pub mod opaque {
	use super::{generic, BlakeTwo256, BlockNumber};
	use polkadot_sdk::sp_runtime::OpaqueExtrinsic;

	/// Header of a block.
	pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
	/// A block whose transactions are bytes.
	pub type Block = generic::Block<Header, OpaqueExtrinsic>;
}

impl_opaque_keys! {
	/// Keys with which a validator works; they own nothing and can be changed at any time.
	pub struct SessionKeys {
		/// Makes blocks.
		pub babe: Babe,
		/// Finalises them.
		pub grandpa: Grandpa,
	}
}

/// Identity of this runtime. Raise `spec_version` with every change of behaviour and
/// `transaction_version` when a call, its index, its arguments or an extension changes.
#[cfg(not(feature = "next"))]
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: alloc::borrow::Cow::Borrowed("assay"),
	impl_name: alloc::borrow::Cow::Borrowed("assay"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 0,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

/// What the first block of this runtime does to the storage of the one before, in order.
#[cfg(not(feature = "next"))]
pub type Migrations = ();

#[cfg(feature = "next")]
pub use next::{Migrations, VERSION};

/// BABE's fixed choices: one block in four slots is won by lot, the others by a secondary VRF.
pub const BABE_GENESIS_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration =
	sp_consensus_babe::BabeEpochConfiguration {
		c: (1, 4),
		allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
	};

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	// Basics. `Timing` comes first: genesis of the others reads it.
	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timing = crate::timing;
	#[runtime::pallet_index(2)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(3)]
	pub type Utility = pallet_utility;

	// Consensus that other genesis relies on.
	#[runtime::pallet_index(10)]
	pub type Babe = pallet_babe;

	// Money.
	#[runtime::pallet_index(20)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(21)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(22)]
	pub type Treasury = pallet_treasury;

	// Proof of stake. `Staking` must precede `Session`, whose genesis asks it for validators.
	#[runtime::pallet_index(30)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(31)]
	pub type Staking = pallet_staking;
	#[runtime::pallet_index(32)]
	pub type Offences = pallet_offences;
	#[runtime::pallet_index(33)]
	pub type Historical = pallet_session::historical;
	#[runtime::pallet_index(34)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(35)]
	pub type Grandpa = pallet_grandpa;
	#[runtime::pallet_index(36)]
	pub type VoterList = pallet_bags_list;

	// Accounts.
	#[runtime::pallet_index(40)]
	pub type Proxy = pallet_proxy;
	#[runtime::pallet_index(41)]
	pub type Multisig = pallet_multisig;
	#[runtime::pallet_index(42)]
	pub type Identity = pallet_identity;

	// Training and judging it.
	#[runtime::pallet_index(60)]
	pub type ComputeStaking = pallet_compute_staking;
	#[runtime::pallet_index(61)]
	pub type TaskMarket = pallet_task_market;
	#[runtime::pallet_index(62)]
	pub type Dispute = pallet_dispute;

	// Administration of test networks; no preset for production sets a key.
	#[runtime::pallet_index(250)]
	pub type Sudo = pallet_sudo;
}
