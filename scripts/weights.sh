#!/usr/bin/env bash
# Measures our pallets on this machine and writes their pallets/*/src/weights.rs. Nothing else should
# run meanwhile.
#   [STEPS=20] [REPEAT=5] scripts/weights.sh [PALLET ...]       default: all that have benchmarks
# STEPS: values tried of each parameter; REPEAT: how often each of them is timed.
set -euo pipefail
source "$(dirname "$0")/env.sh"
steps="${STEPS:-20}" repeat="${REPEAT:-5}"
if [ $# = 0 ]; then
	for file in pallets/*/src/benchmarking.rs; do set -- "$@" "$(cut -d/ -f2 <<<"$file")"; done
fi
for pallet in "$@"; do [ -f "pallets/$pallet/src/benchmarking.rs" ] || die "no pallets/$pallet with benchmarks"; done

./scripts/setup.sh
source scripts/env.sh
# The same selection as everywhere, so that nothing is built with other features.
say "building the bencher"
cargo build --release --locked --workspace --all-targets

# What the wasm builder does, but with `runtime-benchmarks`, under another name, and beside the runtime
# that the node embeds: the crates that do not differ are shared, and the node is not built again.
say "building the runtime with its benchmarks"
blob="$CARGO_TARGET_DIR/weights" shared="$CARGO_TARGET_DIR/release/wbuild/assay-runtime/target"
mkdir -p "$blob/src"
cp Cargo.lock "$blob/Cargo.lock"
echo '#![no_std] pub use assay_runtime::*;' >"$blob/src/lib.rs"
printf '%s\n' '[package]' 'name = "assay-runtime-weights"' 'version = "1.0.0"' 'edition = "2021"' \
	'[lib]' 'crate-type = ["cdylib"]' '[workspace]' '[profile.release]' 'panic = "abort"' 'lto = "thin"' \
	'[dependencies.assay-runtime]' "path = \"$ROOT/runtime\"" 'default-features = false' \
	'features = ["runtime-benchmarks"]' >"$blob/Cargo.toml"
RUSTFLAGS='-C link-arg=--export-table -C link-arg=--export=__heap_base -C link-arg=--import-memory --cfg substrate_runtime' \
	CARGO_TARGET_DIR="$shared" cargo build --release --target wasm32v1-none --manifest-path "$blob/Cargo.toml"

cpu="$(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo)"
for pallet in "$@"; do
	say "measuring $pallet"
	"$CARGO_TARGET_DIR/release/assay-bencher" --runtime "$shared/wasm32v1-none/release/assay_runtime_weights.wasm" \
		--pallet "pallet_${pallet//-/_}" --steps "$steps" --repeat "$repeat" --output "pallets/$pallet/src/weights.rs" \
		--made-by "Made by \`STEPS=$steps REPEAT=$repeat scripts/weights.sh $pallet\` on $(date -u +%F), ${cpu:-unknown processor}."
done
