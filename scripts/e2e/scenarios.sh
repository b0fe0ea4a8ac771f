#!/usr/bin/env bash
# Every scenario of the demo on small data, each on a network of its own, a few at a time: they mostly wait for
# blocks. Prints the RESULT lines, and the whole story of a scenario that failed.
set -uo pipefail
source "$(dirname "$0")/../env.sh"
logs="$(mktemp -d)"
trap 'rm -rf "$logs"' EXIT
play() { # play PORT SCENARIO
	node zombienet/client/src/demo.mjs --scenario "$2" --data digits --port "$1" >"$logs/$2" 2>&1 && return
	echo "$2" >>"$logs/failed"
}
export -f play
export logs
printf '%s\n' "31000 honest" "31300 forward" "31600 backward" "31900 optimiser" "32200 silent" "32500 withhold" \
	"32800 false-accusation" | xargs -P "${LANES:-3}" -L 1 bash -c 'play "$0" "$1"'
grep -h '^RESULT' "$logs"/*
[ ! -e "$logs/failed" ] || { for s in $(cat "$logs/failed"); do echo "--- $s"; cat "$logs/$s"; done; die "failed: $(xargs <"$logs/failed")"; }
