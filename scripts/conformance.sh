#!/usr/bin/env bash
# Compares every backend of this machine with the op spec, bit for bit, on the same cases.
#   scripts/conformance.sh                          all operations, some seconds
#   scripts/conformance.sh --long                   at least a million words of each
#   scripts/conformance.sh --exhaustive exp,tanh    all 2^32 inputs of two functions
#   scripts/conformance.sh --wasm [--long]          the referee inside the built runtime, and its worst tiles
#   scripts/conformance.sh --help                   the other options, and what the lines mean
set -euo pipefail
source "$(dirname "$0")/env.sh"
# The whole workspace is selected, as everywhere, so that features are the same and nothing is built twice.
if [ "${1:-}" = --wasm ]; then
	case "${2:-}" in
	--long) export CONFORMANCE_LONG=1 ;;
	"") ;;
	*) die "after --wasm there is only --long" ;;
	esac
	# One test at a time, so that the times of tiles are those of a quiet process.
	exec env -u SKIP_WASM_BUILD cargo test --release --locked --workspace --test referee_in_wasm -- \
		--nocapture --test-threads=1
fi
cargo build --release --locked --workspace --bin assay-conformance
exec "$CARGO_TARGET_DIR/release/assay-conformance" "$@"
