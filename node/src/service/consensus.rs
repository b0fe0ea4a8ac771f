//! The two halves of consensus, once the node has a network: making blocks and making them final.

use super::{inherents, BabeImport, Block, Client, Pool, SelectChain, JUSTIFICATION_PERIOD};
use assay_runtime::constants::MAX_BLOCK_BYTES;
use polkadot_sdk::{
	sc_basic_authorship::ProposerFactory,
	sc_consensus_babe::{self as babe, BabeLink, SlotProportion},
	sc_consensus_grandpa::{self as grandpa, LinkHalf, SharedVoterState},
	sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging,
	sc_network::{service::traits::NetworkService, NotificationService, ProtocolName},
	sc_network_sync::SyncingService,
	sc_service::{config::Configuration, Error, Role, TaskManager},
	sc_telemetry::TelemetryHandle,
	sc_transaction_pool_api::OffchainTransactionPoolFactory,
	sp_keystore::KeystorePtr,
	sp_runtime::Percent,
	substrate_prometheus_endpoint::Registry,
};
use std::{sync::Arc, time::Duration};

/// Most bytes of a block that this node makes: what the runtime admits of transactions, and a header.
const BLOCK_BYTES: usize = MAX_BLOCK_BYTES as usize + 1_024;
/// Share of the time for a block in which the author goes on looking for transactions that fit.
const SOFT_DEADLINE: Percent = Percent::from_percent(90);

/// The network as the rest of the node sees it.
pub(super) struct Network {
	pub(super) service: Arc<dyn NetworkService>,
	pub(super) sync: Arc<SyncingService<Block>>,
	pub(super) finality: Finality,
}

/// GRANDPA's own channel.
pub(super) struct Finality {
	pub(super) protocol: ProtocolName,
	pub(super) notifications: Box<dyn NotificationService>,
}

/// What is needed of the configuration after it has been given away.
pub(super) struct Settings {
	pub(super) role: Role,
	pub(super) name: String,
	pub(super) force_authoring: bool,
	pub(super) grandpa: bool,
}

impl Settings {
	pub(super) fn of(config: &Configuration) -> Self {
		Self {
			role: config.role,
			name: config.network.node_name.clone(),
			force_authoring: config.force_authoring,
			grandpa: !config.disable_grandpa,
		}
	}
}

/// What both halves of consensus need.
pub(super) struct Parts<'a> {
	pub(super) tasks: &'a TaskManager,
	pub(super) client: Arc<Client>,
	pub(super) pool: Arc<Pool>,
	pub(super) keystore: KeystorePtr,
	pub(super) registry: Option<Registry>,
	pub(super) telemetry: Option<TelemetryHandle>,
}

impl Parts<'_> {
	/// Starts BABE.
	pub(super) fn make_blocks(
		&self,
		settings: &Settings,
		network: &Network,
		select_chain: SelectChain,
		import: BabeImport,
		link: BabeLink<Block>,
	) -> Result<(), Error> {
		let mut proposer = ProposerFactory::new(
			self.tasks.spawn_handle(),
			self.client.clone(),
			self.pool.clone(),
			self.registry.as_ref(),
			self.telemetry.clone(),
		);
		// The stock limit is below the runtime's, so most of the length that is kept for disputes would stay
		// empty; and an author who stops early never sees the moves that wait behind ordinary transactions.
		proposer.set_default_block_size_limit(BLOCK_BYTES);
		proposer.set_soft_deadline(SOFT_DEADLINE);
		let worker = babe::start_babe(babe::BabeParams {
			keystore: self.keystore.clone(),
			client: self.client.clone(),
			select_chain,
			env: proposer,
			block_import: import,
			sync_oracle: network.sync.clone(),
			justification_sync_link: network.sync.clone(),
			create_inherent_data_providers: inherents(link.config().slot_duration()),
			force_authoring: settings.force_authoring,
			backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
			babe_link: link,
			block_proposal_slot_portion: SlotProportion::new(0.5),
			max_block_proposal_slot_portion: None,
			telemetry: self.telemetry.clone(),
		})?;
		let tasks = self.tasks.spawn_essential_handle();
		tasks.spawn_blocking("babe-proposer", Some("block-authoring"), worker);
		Ok(())
	}

	/// Starts GRANDPA; nodes without a validator's key follow its votes.
	pub(super) fn finalise(
		self,
		settings: Settings,
		network: Network,
		link: LinkHalf<Block, Client, SelectChain>,
		shared_voter_state: SharedVoterState,
	) -> Result<(), Error> {
		let voter = grandpa::run_grandpa_voter(grandpa::GrandpaParams {
			config: grandpa::Config {
				gossip_duration: Duration::from_millis(333),
				justification_generation_period: JUSTIFICATION_PERIOD,
				observer_enabled: false,
				local_role: settings.role,
				name: Some(settings.name),
				keystore: settings.role.is_authority().then_some(self.keystore),
				telemetry: self.telemetry.clone(),
				protocol_name: network.finality.protocol,
			},
			link,
			network: network.service,
			sync: network.sync,
			notification_service: network.finality.notifications,
			voting_rule: grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry: self.registry,
			shared_voter_state,
			telemetry: self.telemetry,
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(self.pool),
		})?;
		let tasks = self.tasks.spawn_essential_handle();
		tasks.spawn_blocking("grandpa-voter", None, voter);
		Ok(())
	}
}
