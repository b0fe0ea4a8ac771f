#!/usr/bin/env bash
# One file to carry to a machine with an NVIDIA GPU: unpack it there and run ./check.sh. It compares every operation and
# the training of the example programs with the CPU, and measures. It needs no network, no Rust and no CUDA toolkit
# there, only the driver, the same kind of processor, and a glibc that is not older than what this script prints at its end.
#   scripts/gpu-bundle.sh [OUT.tar.gz]    default: assay-gpu-check.tar.gz in the cache folder
#   scripts/gpu-bundle.sh --binaries FOLDER OUT.tar.gz    packs binaries that are already built
set -euo pipefail
source "$(dirname "$0")/env.sh"

binaries=
if [ "${1:-}" = --binaries ]; then
	binaries=$(realpath "$2")
	shift 2
fi
out=${1:-$ASSAY_CACHE/assay-gpu-check.tar.gz}
if [ -z "$binaries" ]; then
	say "building assay-gpu-check and assay-worker"
	cargo build --release --locked --workspace --bin assay-gpu-check --bin assay-worker
	binaries="$CARGO_TARGET_DIR/release"
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/assay-gpu-check"
install -m 755 "$binaries"/assay-{gpu-check,worker} "$ROOT"/scripts/gpu/{check,train}.sh "$stage/assay-gpu-check"
install -m 644 "$ROOT"/LICENSE "$ROOT"/ml-runtime/executor/testdata/digits.bin \
	"$ROOT"/ml-runtime/compiler/examples/{{mlp,lenet,resnet,vision}-digits,gpt-tiny,{bert,llama}-lora-tiny,gpt-shakespeare}*.toml \
	"$stage/assay-gpu-check"
# No clock and no user in the archive: the same binaries give the same bytes.
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$stage" -cf - assay-gpu-check | gzip -n9 >"$out"
glibc=$(objdump -T "$binaries"/assay-{gpu-check,worker} 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1 | cut -d_ -f2) || glibc=unknown
say "$out: $(du -h "$out" | cut -f1); its glibc: ${glibc:-unknown} or newer"
