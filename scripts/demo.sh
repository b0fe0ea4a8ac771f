#!/usr/bin/env bash
# Shows what Assay does, on real processes and real data.
#   scripts/demo.sh                              MNIST: an honest solver is paid, then a lying one is convicted
#   scripts/demo.sh --scenario NAME [--data digits|mnist] [--port N] [--dir DIR]
#                                                plays one scenario
#   scripts/demo.sh --help                       lists the scenarios
# Does all set-up it needs. Each run ends with a RESULT line; the exit code is 0 only if the right side won.
set -euo pipefail
source "$(dirname "$0")/env.sh"
if [ "${1:-}" = --help ]; then
	sed -n '2,7p' "$0" | cut -c3-
	[ ! -d zombienet/client/node_modules ] || node zombienet/client/src/demo.mjs --help
	exit 0
fi
./scripts/setup.sh
source scripts/env.sh
say "building (the first time takes a while, then seconds)"
cargo build --release --locked --workspace --all-targets
if [ $# -gt 0 ]; then
	exec node zombienet/client/src/demo.mjs "$@"
fi
say "1 of 2: an honest solver trains LeNet on MNIST"
node zombienet/client/src/demo.mjs --scenario honest --data mnist
say "2 of 2: the same task, and a solver that alters one value in one tile of one step"
node zombienet/client/src/demo.mjs --scenario forward --data mnist
