#!/usr/bin/env bash
# Shows what Assay does, on real processes and real data.
#   scripts/demo.sh                              MNIST: an honest solver is paid, then a lying one is convicted
#   scripts/demo.sh --scenario NAME [--data digits|mnist|text] [--gpu] [--port N] [--dir DIR]
#                                                plays one scenario
#   scripts/demo.sh --help                       lists the scenarios
# Does all set-up it needs. Each run ends with a RESULT line; the exit code is 0 only if the right side won.
set -euo pipefail
source "$(dirname "$0")/env.sh"
for word in "$@"; do
	if [ "$word" = --help ] || [ "$word" = -h ]; then
		# Needs nothing that set-up installs.
		sed -n '2,7p' "$ROOT/scripts/demo.sh" | cut -c3-
		tail -n +2 zombienet/client/scenarios.txt
		exit 0
	fi
done
./scripts/setup.sh
source scripts/env.sh
say "building (the first time takes a while, then seconds)"
cargo build --release --locked --workspace --all-targets
if [ $# -gt 0 ]; then
	exec node zombienet/client/src/demo.mjs "$@"
fi
story="$(mktemp)"
trap 'rm -f "$story"' EXIT
say "1 of 2: an honest solver trains LeNet on MNIST"
node zombienet/client/src/demo.mjs --scenario honest --data mnist | tee -a "$story"
say "2 of 2: the same task, and a solver that alters one value in one tile of one step"
node zombienet/client/src/demo.mjs --scenario forward --data mnist | tee -a "$story"
say "summary: the right side won both times, and every unit is accounted for"
grep '^RESULT' "$story"
