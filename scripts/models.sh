#!/usr/bin/env bash
# The exhaustive models (docs/adr/0016) with all their bounds; the test suite runs a slice of them.
#   scripts/models.sh           both
#   scripts/models.sh clock     all that can happen around one dispute game
#   scripts/models.sh stake     all sequences of calls around one stake
#   scripts/models.sh … slice   with the bounds of the test suite
# Ends with a line MODELS models=… steps=… states=… violations=…, and fails if anything is wrong.
set -uo pipefail
source "$(dirname "$0")/env.sh"
models=() form=full
for word in "$@"; do
	case "$word" in
	clock | stake) models+=("$word") ;;
	slice) form=slice ;;
	*) die "unknown: $word (clock, stake, slice)" ;;
	esac
done
[ "${#models[@]}" -gt 0 ] || models=(clock stake)
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
status=0
explore() { # explore CARGO'S ARGUMENTS…: runs the tests and shows what was found
	ASSAY_MODELS="$form" cargo test --release --locked --test exhaustive "$@" 2>&1 |
		tee -a "$log" | { grep --line-buffered -E 'MODEL |^test |^error|panicked|^after' || true; }
	[ "${PIPESTATUS[0]}" = 0 ] || status=1
}
for model in "${models[@]}"; do
	say "$model ($form)"
	case "$model" in
	# The game is small and built alone, for speed; pallets are taken as the test suite has built them.
	clock) explore -p assay-dispute-game --config 'profile.release.package.assay-dispute-game.opt-level=3' -- --nocapture ;;
	stake) explore --workspace -- --nocapture stake ;;
	esac
done
awk -v status="$status" '
	/MODEL (clock|stake) / && !/beyond the budget/ {
		for (i = 1; i <= NF; i++) {
			split($i, part, "=")
			if (part[1] == "states") states += part[2]
			if (part[1] == "steps") steps += part[2]
			if (part[1] == "violations") violations += part[2]
		}
		models++
	}
	END {
		if (status && !violations) violations = 1
		printf "MODELS models=%d steps=%d states=%d violations=%d\n", models, steps, states, violations
	}' "$log"
exit "$status"
