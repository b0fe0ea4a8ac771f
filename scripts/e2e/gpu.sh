#!/usr/bin/env bash
# Trains on the GPU path without a GPU: the worker calls a driver whose device is the emulator of the PTX. Every claim and
# every model must be the one that the CPU comes to. (On a machine with a GPU, drop LD_LIBRARY_PATH: the same holds.)
#   scripts/e2e/gpu.sh [PROGRAM…]    examples of the compiler; default: those that the emulator runs in seconds
set -euo pipefail
source "$(dirname "$0")/../env.sh"
cargo build --release --locked --workspace --bin assay-worker --example cuda
runs="$(mktemp -d)"
trap 'rm -rf "$runs"' EXIT
head -c $((1437 * 65)) ml-runtime/executor/testdata/digits.bin >"$runs/digits.bin"
tr -d '\200-\377' <README.md | tr -s '\n' | head -c $((64 * 33)) >"$runs/text.bin"
worker="$CARGO_TARGET_DIR/release/assay-worker"

train() { # train PROGRAM ARITHMETIC: three steps with a commitment to each, on both
	local name="$1-$2" data=digits
	[[ $1 == gpt-* || $1 == bert-* ]] && data=text
	sed -E "s/^batch = .*/batch = 2/; s/^stride = .*/stride = 1/
		s/^\[loss\]/[numerics]\nforward = \"$2\"\nbackward = \"$2\"\n\n[loss]/" \
		"ml-runtime/compiler/examples/$1.toml" >"$runs/$name.toml"
	local line=("$worker" train "$runs/$name.toml" --data "$runs/$data.bin" --steps 3 --json)
	"${line[@]}" --out "$runs/$name-cpu" >"$runs/cpu.json" || { cat "$runs/cpu.json"; return 1; }
	LD_LIBRARY_PATH="$CARGO_TARGET_DIR/release/examples" "${line[@]}" --gpu --out "$runs/$name-gpu" >"$runs/gpu.json" ||
		{ cat "$runs/gpu.json"; return 1; }
	for file in claim.states model.safetensors losses.csv; do
		cmp "$runs/$name-cpu/$file" "$runs/$name-gpu/$file" || return 1
	done
	echo "ok   $1 in $2: $(stat -c %s "$runs/$name-gpu/claim.states") bytes of states are the same"
}

programs=("$@")
[ $# -gt 0 ] || programs=(mlp-digits mlp-digits-adamw lenet-digits lenet-digits-adamw resnet-digits gpt-tiny bert-lora-tiny)
for program in "${programs[@]}"; do train "$program" f32; done
for arithmetic in q15x3 i8; do train lenet-digits "$arithmetic"; done
train gpt-tiny i8
