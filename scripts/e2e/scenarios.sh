#!/usr/bin/env bash
# Every scenario of the demo on small data, one after another, each on a network of its own.
set -uo pipefail
source "$(dirname "$0")/../env.sh"
failed=0
for scenario in honest forward backward optimiser silent withhold false-accusation; do
	say "scenario $scenario"
	node zombienet/client/src/demo.mjs --scenario "$scenario" --data digits || failed=$((failed + 1))
done
[ "$failed" = 0 ] || die "$failed scenarios failed"
