#!/usr/bin/env bash
# The PTX of the CUDA kernels: made from the .cu sources, and checked in beside them.
#   scripts/ptx.sh            writes ml-runtime/backend-cuda/kernels/{functions.cuh,*.ptx}
#   scripts/ptx.sh --check    fails if they are not what the sources give, break a rule, or do not assemble
#   scripts/ptx.sh --usage    prints the registers and the shared memory of each kernel
# Needs Python 3.8 or newer and a package index, but neither a GPU nor a CUDA toolkit: the compiler and the
# assembler come from pinned Python packages, into a folder of their own.
set -euo pipefail
source "$(dirname "$0")/env.sh"

# The oldest compiler of CUDA 12 makes PTX that the oldest drivers take; the assembler knows new devices.
COMPILER=nvidia-cuda-nvrtc-cu12==12.0.140
ASSEMBLER=nvidia-cuda-nvcc-cu12==12.9.86
VENV="$ASSAY_CACHE/ptx/${COMPILER##*==}-${ASSEMBLER##*==}"

if [ ! -f "$VENV/done" ]; then
	say "installing $COMPILER and $ASSEMBLER"
	rm -rf "$VENV"
	python3 -m venv "$VENV"
	"$VENV/bin/pip" install --quiet --disable-pip-version-check --no-deps "$COMPILER" "$ASSEMBLER"
	touch "$VENV/done"
fi
if [ "${1:-}" = "" ]; then
	say "translating the functions"
	cargo run --quiet --release -p assay-backend-cuda --example functions
fi
exec "$VENV/bin/python" "$ROOT/scripts/ptx.py" "$ROOT/ml-runtime/backend-cuda/kernels" "$@"
