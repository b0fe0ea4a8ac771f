#!/usr/bin/env bash
# Plays random and hostile calls against the runtime and checks its invariants after each of them.
#   scripts/fuzz-runtime.sh --calls N [--seed S] [--threads T] [--minutes M] [--try-state]
# The same seed gives the same calls, whatever the threads. No life begins after M minutes. `--try-state` also
# checks the stock pallets' own invariants; it builds all pallets another time. Ends with a table of calls and
# `FUZZ runtime calls=… blocks=… panics=… failures=… calls_per_s=…`; fails if there is a fault.
set -euo pipefail
source "$(dirname "$0")/env.sh"
features=() arguments=()
for argument in "$@"; do
	case "$argument" in
		--try-state) features=(--features assay-runtime-fuzzer/try-runtime) ;;
		-h | --help)
			sed -n '2,6p' "$0" | cut -c3-
			exit 0
			;;
		*) arguments+=("$argument") ;;
	esac
done
# The whole workspace is selected, as everywhere, so that features are the same and nothing is built twice.
cargo build --release --locked --quiet --workspace --bin assay-runtime-fuzzer "${features[@]}"
exec "$CARGO_TARGET_DIR/release/assay-runtime-fuzzer" "${arguments[@]}"
