#!/usr/bin/env bash
# Real nodes, each in a network namespace of its own, and what may befall them. Some scenarios, or all:
#   scripts/chaos.sh SCENARIO…|all [--times N] [--seed S] [--dir DIR] [--kills N]
# --dir DIR keeps databases and logs there, in a folder for each run.
#     kill          solver and challenger are killed while the one trains and the other checks, nodes and workers
#     kill-dispute  a solver lies; both sides of the dispute are killed, nodes and workers
#     kill-accused  an honest solver is accused, and killed while it defends itself, node and worker
#     partition     a solver lies; the network is split 2|2 between it and its challenger in the dispute
#     one-way       a solver lies; nobody hears the challenger, then the solver hears nobody
#     loss          packets are lost on slow lines; an honest solver is accused, and its weights are fetched
#     checkpoint    checkpoints of the solver are damaged while its node is down
#     disk-full     the solver's disk is full while it trains
#     skew          a solver lies; three of four clocks are wrong
#     twins         the solver's node runs twice with one keystore
#     crowd         64 accounts dispute an honest claim, until its places are taken, and flood the market
#     worker        a worker alone is killed 1,000 times (--kills) at random instants
# Each is played --times N times (1), with the seeds S, S + 1, … (S: 1), from which all that is random follows,
# and ends with a CHAOS line. The exit code is 0 only if every run ended as it must: the same blocks final on all
# honest nodes, and more of them; the honest paid for the roots of an undisturbed run, or the liar convicted;
# disputes over within their clocks; every unit of money accounted for.
# Needs root, `unshare` and `ip` (iproute2), `nft` (nftables), for skew libfaketime (faketime), and the binaries that
# scripts/demo.sh builds. All processes and mounts of a run end with it, also when it is interrupted.
set -uo pipefail
source "$(dirname "$0")/env.sh"

usage() { sed -n '2,22p' "$ROOT/scripts/chaos.sh" | cut -c3-; }
# In the order in which they are worth most.
ALL="kill kill-dispute kill-accused partition one-way loss checkpoint disk-full skew twins crowd worker"
which='' times=1 seed=1 dir='' kills=''
while [ $# -gt 0 ]; do
	case "$1" in
		-h | --help) usage; exit 0 ;;
		--times) times="$2"; shift 2 ;;
		--seed) seed="$2"; shift 2 ;;
		--dir) dir="$2"; shift 2 ;;
		--kills) kills="$2"; shift 2 ;;
		-*) usage >&2; die "unknown option $1" ;;
		*) which="$which $1"; shift ;;
	esac
done
[ "$which" != " all" ] || which=$ALL
[ -n "$which" ] || { usage >&2; die "which scenario?"; }
for one in $which; do
	[[ " $ALL " = *" $one "* ]] || die "no scenario $one (see $0 --help)"
done
[ "$(id -u)" = 0 ] || die "this needs root: it makes network namespaces and mounts"
need() { command -v "$1" >/dev/null || die "no $1: apt-get install $2"; }
need unshare util-linux
need ip iproute2
[ "$which" = " worker" ] || need nft nftables
need node nodejs
for binary in assay-node assay-worker assay-malus; do
	[ -x "$CARGO_TARGET_DIR/release/$binary" ] || die "no $binary: run cargo build --release --locked --workspace"
done
[ -e zombienet/client/node_modules/@polkadot/api ] || die "no JavaScript clients: run scripts/setup.sh"
spaces=(unshare --net --mount --pid --fork --kill-child --mount-proc)
"${spaces[@]}" true 2>/dev/null || die "this system gives no network, mount and process namespaces (unshare failed)"

# The first process of a run's namespaces: it adopts and buries whom killed nodes leave behind, and when it ends
# all others end. A `/run` of its own keeps the names of network namespaces from the system.
inside='mount -t tmpfs chaos /run; node zombienet/client/src/chaos/chaos.mjs "$@"; exit $?'
running='' lines="$(mktemp)" failed=0
finish() {
	# `unshare` blocks other signals; all processes in its namespaces end with it, some of them a little later.
	[ -z "$running" ] || { kill -KILL "$running" 2>/dev/null; wait "$running" 2>/dev/null; }
	rm -rf "$lines" "${desk:-}" 2>/dev/null || { sleep 1; rm -rf "$lines" "${desk:-}"; }
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for one in $which; do
	for ((n = seed; n < seed + times; n++)); do
		desk="$(mktemp -d)"
		[ ! -e "${dir:-$desk}/$one-$n" ] || die "$dir/$one-$n is there already"
		options=(--scenario "$one" --seed "$n" --dir "${dir:-$desk}/$one-$n" ${kills:+--kills "$kills"})
		TMPDIR="$desk" "${spaces[@]}" bash -c "$inside" chaos "${options[@]}" > >(tee -a "$lines") &
		running=$!
		wait "$running" || failed=$((failed + 1))
		running=''
		rm -rf "$desk"
	done
done
say "summary"
sleep 0.2
grep '^CHAOS' "$lines"
[ "$failed" = 0 ] || die "$failed of the runs did not end as they must"
