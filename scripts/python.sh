#!/usr/bin/env bash
# The Python environment of ml-runtime/python, in the cache and never in the clone. Made once for each
# list of packages; prints the path of its interpreter, and everything else to standard error.
#   scripts/python.sh                numpy, safetensors, pytest, ruff
#   scripts/python.sh --torch        and PyTorch, for the CPU (half a gigabyte)
#   scripts/python.sh --onnx         and onnx, without PyTorch
#   scripts/python.sh --export       PyTorch and what it needs to write ONNX files
#   scripts/python.sh --test [ARG …] the tests of assay_torch, with MiniLM's weights; ARGs to pytest
#   scripts/python.sh --zoo [NAME …] models of HuggingFace, imported by way of ONNX: their logits against PyTorch's
#   scripts/python.sh --run ARG …    python -m assay_torch ARG …; PyTorch only where ARG needs it
set -euo pipefail
source "$(dirname "$0")/env.sh"
home="$ROOT/ml-runtime/python" venv="$ASSAY_CACHE/python"
python="$venv/bin/python"

install() { # install NAME OPTION...: what requirements$NAME.txt lists, unless it is there
	local list="$home/requirements$1.txt" stamp="$venv/installed$1"; shift
	cmp -s "$list" "$stamp" && return
	say "installing what $(basename "$list") lists"
	"$python" -m pip install --quiet --disable-pip-version-check "$@" --requirement "$list" >&2
	if [[ $list == *-torch.txt ]]; then "$python" "$home/tools/cpu_torch.py" >&2; fi
	cp "$list" "$stamp"
}

mkdir -p "$ASSAY_CACHE"
exec 9>"$ASSAY_CACHE/python.lock"
flock 9
[ -x "$python" ] || "${PYTHON:-python3}" -m venv "$venv" >&2
install ""
case "${1:-} ${2:-}" in
	"--onnx "* | "--run import-onnx") install -onnx --no-deps ;;
	"--torch "* | "--run "*) install -torch --no-deps ;;
	"--export "*) for list in -torch -onnx -export; do install "$list" --no-deps; done ;;
	"--zoo "*) for list in -torch -onnx -export -zoo; do install "$list" --no-deps; done ;;
	"--test "*) for list in -torch -onnx -models -export; do install "$list" --no-deps; done ;;
esac
flock -u 9

export PYTHONPATH="$home${PYTHONPATH:+:$PYTHONPATH}" PYTHONDONTWRITEBYTECODE=1
case "${1:-}" in
	"" | --torch | --onnx | --export) echo "$python" ;;
	--test)
		shift
		"$venv/bin/ruff" check --no-cache "$home"
		cd "$home" && exec "$python" -m pytest -p no:cacheprovider "$@" tests
		;;
	--zoo) shift; exec "$python" "$home/tools/zoo.py" "$@" ;;
	--run) shift; exec "$python" -m assay_torch "$@" ;;
	*) die "unknown option $1" ;;
esac
