#!/usr/bin/env bash
# Four validators on loopback; staking through @polkadot/api over two eras.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
exec ./scripts/localnet.sh --nodes 4 --run "node zombienet/client/src/staking.mjs --url ws://127.0.0.1:\$RPC_PORT"
