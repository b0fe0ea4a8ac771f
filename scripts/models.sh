#!/usr/bin/env bash
# The exhaustive models (docs/adr/0016) in their deep forms: every interleaving around one dispute game, and every
# sequence of calls around one stake. `ASSAY_MODELS=ordinary` takes the bounds of the test suite instead. Arguments
# go to the test runner, e.g. a part of a test's name. Ends with `MODELS states=… violations=…`.
set -uo pipefail
source "$(dirname "$0")/env.sh"
export ASSAY_MODELS="${ASSAY_MODELS:-deep}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
status=0
for crate in assay-dispute-game assay-primitives; do
	say "models of $crate ($ASSAY_MODELS)"
	"${CARGO:-cargo}" test --release --locked -p "$crate" --test exhaustive -- --nocapture --include-ignored "$@" 2>&1 \
		| tee -a "$log" | { grep --line-buffered -E 'MODEL |^test |^error|panicked' || true; }
	[ "${PIPESTATUS[0]}" = 0 ] || status=1
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
