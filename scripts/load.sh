#!/usr/bin/env bash
# Fills blocks, agenda and dispute lane of the real runtime.
#   scripts/load.sh                     everything: blocks in the wasm with their times, agenda and lane
#   scripts/load.sh --blocks [--only X] only the packed blocks, those whose name contains X; --list names them
#   scripts/load.sh --agenda            only the agenda: 10,000 games overdue at once, and as many as can be open
#   scripts/load.sh --lane              only the lane: all games' heaviest moves, and moves among spam
# Times are those of this machine, which should be quiet. Every line is a name, values and their units; nothing
# fails because of a time.
set -euo pipefail
source "$(dirname "$0")/env.sh"
what=all
case "${1:-}" in
-h | --help)
	sed -n '2,8p' "$0" | cut -c3-
	exit 0
	;;
--blocks | --agenda | --lane)
	what=${1#--}
	shift
	;;
esac
[[ $what == blocks || $# == 0 ]] || die "unknown option $1 (see $0 --help)"
# In quiet mode a dot for the test before stands in front of a line.
# The whole workspace is selected, as everywhere, so that features are the same and nothing is built twice.
tests() {
	cargo test --release --locked --quiet --workspace --test "$1" -- --nocapture --test-threads=1 | grep -oE 'load\.[a-z].*'
}
[[ $what == @(all|agenda) ]] && tests expiry
[[ $what == @(all|lane) ]] && tests lane
if [[ $what == @(all|blocks) ]]; then
	env -u SKIP_WASM_BUILD cargo build --release --locked --quiet --workspace --bin assay-load
	"$CARGO_TARGET_DIR/release/assay-load" "$@"
fi
