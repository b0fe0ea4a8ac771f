// Staking as a person does it through polkadot.js, on a real network, over two eras: what the staking page
// reads is sane, bond, nominate, unbond and payout work, and session keys need a proof of possession.
import { args, connect, eachBlock, expect, keyring, send } from "./chain.mjs";
import { withNetwork } from "./network.mjs";

const ASY = 10n ** 12n;
async function check(url) {
	const api = await connect(url);
	const keys = keyring();
	const alice = keys.addFromUri("//Alice");
	const aliceStash = keys.addFromUri("//Alice//stash");
	const staker = keys.addFromUri("//Eve");
	// What is read after a call must not be undone by a fork.
	const sendFinal = (call, signer) => send(api, call, signer, { finalized: true });
	let passed = 0;
	const ok = (what) => { passed += 1; console.log(`ok ${passed} ${what}`); };

	const era = async () => (await api.query.staking.activeEra()).unwrap().index.toNumber();

	const validators = (await api.query.session.validators()).map(String);
	expect(validators.length >= 1, "a validator set");
	const stash = validators.includes(aliceStash.address) ? aliceStash : alice;

	await sendFinal(api.tx.staking.bond(1000n * ASY, "Staked"), staker);
	await sendFinal(api.tx.staking.nominate([stash.address]), staker);
	const account = await api.derive.staking.account(staker.address);
	expect(account.stakingLedger.active.toBigInt() === 1000n * ASY, "the bonded amount in derive.staking.account");
	expect(account.nominators.map(String).includes(stash.address), "the nomination in derive.staking.account");
	ok("bond and nominate");

	const overview = await api.derive.staking.overview();
	expect(overview.validators.length === validators.length, "derive.staking.overview lists the validators");
	expect(overview.validatorCount.toNumber() >= validators.length, "a validator count");
	ok("derive.staking.overview");
	const elected = await api.derive.staking.electedInfo();
	expect(elected.info.length >= validators.length, "derive.staking.electedInfo describes the validators");
	expect(elected.info.every((i) => i.exposurePaged !== undefined || i.exposureMeta !== undefined), "exposures");
	ok("derive.staking.electedInfo");

	const start = await era();
	await eachBlock(api, 400, "two eras", async () => (await era()) >= start + 3);
	ok(`eras advance: ${start} -> ${await era()}`);

	const paid = start + 2;
	const points = await api.query.staking.erasRewardPoints(paid);
	expect(points.total.toNumber() > 0, `reward points in era ${paid}`);
	const exposure = await api.query.staking.erasStakersPaged(paid, stash.address, 0);
	expect(exposure.isSome && exposure.unwrap().others.some((o) => o.who.toString() === staker.address), "the nominator is exposed in the next era");
	ok("the election took the nomination");
	const before = (await api.query.staking.ledger(staker.address)).unwrap().total.toBigInt();
	const payout = await sendFinal(api.tx.staking.payoutStakers(stash.address, paid), staker);
	expect(payout.events.some(({ event }) => event.section === "staking" && event.method === "Rewarded"), "a Rewarded event");
	const after = (await api.query.staking.ledger(staker.address)).unwrap().total.toBigInt();
	expect(after > before, "the staked reward is bonded");
	ok("payout");
	const rewards = await api.derive.staking.stakerRewards(staker.address);
	expect(Array.isArray(rewards), "derive.staking.stakerRewards answers");
	ok("derive.staking.stakerRewards");

	await sendFinal(api.tx.staking.unbond(400n * ASY), staker);
	const unbonding = (await api.query.staking.ledger(staker.address)).unwrap();
	expect(unbonding.unlocking.length === 1, "one unlocking chunk");
	ok("unbond");

	const bare = await api.rpc.author.rotateKeys();
	let refused;
	try { await sendFinal(api.tx.session.setKeys(bare, "0x"), stash); } catch (error) { refused = error.message; }
	expect(refused?.includes("session.InvalidProof"), `set_keys with an empty proof is refused, got: ${refused}`);
	ok("set_keys refuses an empty proof");
	const owned = await api._rpcCore.provider.send("author_rotateKeysWithOwner", [stash.addressRaw ? api.createType("AccountId", stash.address).toHex() : stash.address]);
	await sendFinal(api.tx.session.setKeys(owned.keys, owned.proof), stash);
	ok("set_keys accepts the proof of author_rotateKeysWithOwner");

	console.log(`staking: ${passed} passed, 0 failed`);
	await api.disconnect();
}

const options = args();
if (options.url) await check(options.url);
else await withNetwork({ firstPort: options.port }, (network) => check(network.url("alice")));
process.exit(0);
