#!/usr/bin/env bash
# One file to carry to a machine with an NVIDIA GPU: unpack it there and run ./check.sh. It needs no network, no
# Rust and no CUDA toolkit there, only the driver, the same kind of processor, and a glibc that is not older
# than what this script prints at its end.
#   scripts/gpu-bundle.sh [OUT.tar.gz]    default: assay-gpu-check.tar.gz in the cache folder
#   scripts/gpu-bundle.sh --binary FILE OUT.tar.gz    packs a binary that is already built
set -euo pipefail
source "$(dirname "$0")/env.sh"

binary=
if [ "${1:-}" = --binary ]; then
	binary=$(realpath "$2")
	shift 2
fi
out=${1:-$ASSAY_CACHE/assay-gpu-check.tar.gz}
if [ -z "$binary" ]; then
	say "building assay-gpu-check"
	cargo build --release --locked -p assay-conformance --bin assay-gpu-check
	binary="$CARGO_TARGET_DIR/release/assay-gpu-check"
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/assay-gpu-check"
install -m 755 "$binary" "$stage/assay-gpu-check/assay-gpu-check"
install -m 644 "$ROOT/LICENSE" "$stage/assay-gpu-check/LICENSE"
cat >"$stage/assay-gpu-check/check.sh" <<'END'
#!/bin/sh
# Runs everything and keeps what it prints: ./check.sh [--exhaustive]. Exit code 3: no NVIDIA driver.
cd "$(dirname "$0")" || exit 1
{ date -u; uname -srm; nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,power.limit --format=csv 2>&1; } >machine.txt
./assay-gpu-check "$@" >results.txt 2>errors.txt
code=$?
cat results.txt
cat errors.txt >&2
echo "exit code $code; send machine.txt, results.txt and errors.txt back" >&2
exit $code
END
chmod 755 "$stage/assay-gpu-check/check.sh"
# No clock and no user in the archive: the same binary gives the same bytes.
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$stage" -cf - assay-gpu-check | gzip -n9 >"$out"
say "$out: $(du -h "$out" | cut -f1), glibc $(objdump -T "$binary" 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1 | cut -d_ -f2) or newer"
