//! Accounts, as many as are needed, and what they sign.

use assay_runtime::{
	AccountId, Balance, Nonce, Runtime, RuntimeCall, SignedPayload, TxExtension, UncheckedExtrinsic,
};
use codec::Encode;
use polkadot_sdk::{
	frame_metadata_hash_extension::CheckMetadataHash,
	frame_system,
	pallet_transaction_payment::ChargeTransactionPayment,
	sp_core::{sr25519, Pair},
	sp_io::hashing::blake2_256,
	sp_runtime::{generic::Era, MultiAddress, MultiSignature},
};

/// An account and its key.
#[derive(Clone)]
pub struct Person(sr25519::Pair);

impl Person {
	/// The person of this name and number.
	pub fn new(name: &str, number: u32) -> Self {
		Self(sr25519::Pair::from_seed(&(name, number).using_encoded(blake2_256)))
	}

	/// Its account.
	pub fn account(&self) -> AccountId {
		AccountId::new(self.0.public().0)
	}

	/// A transaction of it. To be called where there is a chain, whose versions are signed as well.
	pub fn sign(&self, call: RuntimeCall, nonce: Nonce, tip: Balance) -> UncheckedExtrinsic {
		let extension: TxExtension = (
			frame_system::CheckNonZeroSender::new(),
			frame_system::CheckSpecVersion::new(),
			frame_system::CheckTxVersion::new(),
			frame_system::CheckGenesis::new(),
			frame_system::CheckMortality::from(Era::immortal()),
			frame_system::CheckNonce::from(nonce),
			frame_system::CheckWeight::new(),
			ChargeTransactionPayment::<Runtime>::from(tip),
			CheckMetadataHash::new(false),
			frame_system::WeightReclaim::new(),
		);
		let payload = SignedPayload::new(call, extension).expect("all extensions have their data");
		let signature = payload.using_encoded(|bytes| self.0.sign(bytes));
		let (call, extension, _) = payload.deconstruct();
		let address = MultiAddress::Id(self.account());
		UncheckedExtrinsic::new_signed(call, address, MultiSignature::Sr25519(signature), extension)
	}
}
