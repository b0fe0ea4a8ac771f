#!/usr/bin/env bash
# Starts 1 to 4 validators of the `local` network on loopback, waits until each of them sees a finalised
# block, prints their endpoints, and stops them when it is stopped.
#   scripts/localnet.sh [--dir DIR] [--nodes N] [--node BINARY] [-- OPTIONS FOR EVERY NODE]
# DIR (default: a fresh temporary directory) gets one folder and one log per node, and `endpoints`.
set -euo pipefail
source "$(dirname "$0")/env.sh"

dir='' nodes=4 node="$CARGO_TARGET_DIR/release/assay-node"
p2p="${ASSAY_P2P_PORT:-30333}" rpc="${ASSAY_RPC_PORT:-9944}" metrics="${ASSAY_METRICS_PORT:-9615}"
while [ $# -gt 0 ]; do
	case "$1" in
		--dir) dir="$2"; shift 2 ;;
		--nodes) nodes="$2"; shift 2 ;;
		--node) node="$2"; shift 2 ;;
		--) shift; break ;;
		*) die "unknown argument $1 (see the head of $0)" ;;
	esac
done
names=(alice bob charlie dave)
[[ "$nodes" =~ ^[1-4]$ ]] || die "--nodes takes 1 to 4"
[ -x "$node" ] || die "no $node: run cargo build --release --workspace"
[ -n "$dir" ] || dir="$(mktemp -d)"
mkdir -p "$dir"

pids=()
stop() {
	trap - EXIT INT TERM
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

key() { printf '%064d' "$(($1 + 1))"; }
boot="/ip4/127.0.0.1/tcp/$p2p/p2p/$(key 0 | "$node" key inspect-node-key 2>/dev/null)"
"$node" export-chain-spec --chain local --raw --output "$dir/spec.json" >/dev/null 2>&1
: > "$dir/endpoints"
for ((i = 0; i < nodes; i++)); do
	name="${names[i]}"
	"$node" --chain "$dir/spec.json" "--$name" --base-path "$dir/$name" --node-key "$(key "$i")" \
		--listen-addr "/ip4/127.0.0.1/tcp/$((p2p + i))" --rpc-port "$((rpc + i))" \
		--prometheus-port "$((metrics + i))" --bootnodes "$boot" --no-mdns --no-telemetry \
		"$@" >"$dir/$name.log" 2>&1 &
	pids+=("$!")
	echo "$name ws://127.0.0.1:$((rpc + i)) $!" >> "$dir/endpoints"
done

sign='finalized #[1-9]'
[ "$nodes" -ge 3 ] || sign='Running JSON-RPC server' # two cannot make anything final
for ((i = 0; i < nodes; i++)); do
	until grep -qsE "$sign" "$dir/${names[i]}.log"; do
		kill -0 "${pids[i]}" 2>/dev/null || { tail -20 "$dir/${names[i]}.log" >&2; die "${names[i]} stopped"; }
		sleep 1
	done
done
say "$nodes validators, logs and databases in $dir"
cat "$dir/endpoints"
wait
