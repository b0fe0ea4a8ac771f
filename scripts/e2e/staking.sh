#!/usr/bin/env bash
# Four validators on loopback; staking through @polkadot/api over two eras.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
exec node zombienet/client/src/staking.mjs
