#!/usr/bin/env bash
# Measures speed, every figure beside a peer's of the same run.
#   scripts/bench.sh NAME            prints lines `name value unit` and `name/peer value x`, where more than 1 x
#                                    means that ours is the faster
#   scripts/bench.sh NAME --quick    takes seconds and says little: whether the bench works
#   scripts/bench.sh gemm WORD       the products that have this in their names, such as n1024
#   scripts/bench.sh gemm --level=avx2  with these instructions rather than the processor's best
#   scripts/bench.sh --help          lists the names
set -euo pipefail
source "$(dirname "$0")/env.sh"
names() {
	cat <<'END'
commit     hashing of tensor roots, against plain BLAKE3 of the same bytes
gemm       matrix products of the CPU backend, against other crates, candle, OpenBLAS, and PyTorch with --torch
kernels    all other operations of the CPU backend, against candle
referee    one judgement of each operation at its worst, and the size of its evidence
soft       arithmetic of the op spec in integers, against the processor's
step       training steps of LeNet and a GPT with commitments, against candle, and PyTorch with --torch
END
}
name=${1:-}
case " $* " in *" --help "* | *" -h "*) name=--help ;; esac
case "$name" in
	"" | --help)
		sed -n '2,8p' "$0" | cut -c3-
		names
		exit 0
		;;
esac
if ! names | cut -d' ' -f1 | grep -qxF -- "$name"; then
	printf 'error: there is no bench `%s`, but there are\n' "$name" >&2
	names >&2
	exit 2
fi
# Peers in Python (scripts/python.sh); without Python they are left out.
case "$name $* " in
	"gemm "*" --torch "* | "step "*" --torch "*) ASSAY_PEERS="$(./scripts/python.sh --torch)" ;;
	"gemm "*) ASSAY_PEERS="$(./scripts/python.sh)" || say "no Python: its libraries are left out" ;;
esac
export ASSAY_PEERS="${ASSAY_PEERS:-}"
# The whole workspace is selected, as everywhere, so that features are the same and nothing is built twice.
exec cargo bench --locked --workspace --bench "$name" -- "${@:2}"
