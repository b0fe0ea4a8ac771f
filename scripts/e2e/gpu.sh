#!/usr/bin/env bash
# Trains on the GPU path without a GPU: the worker calls a driver whose device is the emulator of the PTX. Every claim and
# every model must be the one that the CPU comes to. Batches are small, since the emulator is slow.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
cargo build --release --locked --workspace --bin assay-worker --example cuda
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cp "$CARGO_TARGET_DIR/release/assay-worker" LICENSE ml-runtime/executor/testdata/digits.bin "$folder"
for program in ml-runtime/compiler/examples/*-{digits,digits-adamw,tiny}.toml; do
	# Convolutions have strides of their own.
	sed -E '/^\[task\]/,/^\[data\]/{ s/^batch = .*/batch = 2/; s/^stride = .*/stride = 1/ }' "$program" >"$folder/${program##*/}"
done
quantised() { # quantised PROGRAM ARITHMETIC: the same program with its products in integers
	sed -E "s/^\[loss\]/[numerics]\nforward = \"$2\"\nbackward = \"$2\"\n\n[loss]/" "$folder/$1.toml" >"$folder/$1-$2.toml"
	grep -q '^forward' "$folder/$1-$2.toml" || die "$1 has no place for its numerics"
}
quantised lenet-digits i8
quantised lenet-digits q15x3
quantised gpt-tiny i8
export LD_LIBRARY_PATH="$CARGO_TARGET_DIR/release/examples"
./scripts/gpu/train.sh "$folder" 3
./scripts/gpu/train.sh "$folder" 3 lenet-digits-i8 lenet-digits-q15x3 gpt-tiny-i8
# A device that fails takes nothing along: what it did until then is what the CPU goes on from.
head -c $((1437 * 65)) "$folder/digits.bin" >"$folder/data"
run() { "$folder/assay-worker" train "$folder/mlp-digits.toml" --data "$folder/data" --out "$folder/$1" --steps 60 --json "${@:2}"; }
code=0
answer="$(EMULATED_LAUNCHES=700 run failing --gpu)" || code=$?
[ "$code" = 4 ] && grep -q 'assay::machine::device' <<<"$answer" || die "a device that fails: exit code $code, $answer"
run failing >/dev/null
run whole >/dev/null
cmp "$folder/failing/claim.states" "$folder/whole/claim.states"
