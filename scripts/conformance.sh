#!/usr/bin/env bash
# Compares every backend of this machine with the op spec, bit for bit, on the same cases.
#   scripts/conformance.sh                          all operations, some seconds
#   scripts/conformance.sh --long                   at least a million words of each
#   scripts/conformance.sh --exhaustive exp,tanh    all 2^32 inputs of two functions
#   scripts/conformance.sh --help                   the other options, and what the lines mean
set -euo pipefail
source "$(dirname "$0")/env.sh"
# The whole workspace is selected, as everywhere, so that features are the same and nothing is built twice.
cargo build --release --locked --workspace --bin assay-conformance
exec "$CARGO_TARGET_DIR/release/assay-conformance" "$@"
