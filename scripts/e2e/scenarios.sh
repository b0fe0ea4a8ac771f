#!/usr/bin/env bash
# Every scenario of the demo on small data, each on a network of its own, LANES (3) at a time: they mostly wait
# for blocks. Prints the RESULT lines, and the whole story of a scenario that failed.
set -uo pipefail
source "$(dirname "$0")/../env.sh"
logs="$(mktemp -d)"
trap 'rm -rf "$logs"' EXIT
play() { # play PORT SCENARIO[:DATA]
	local data=${2#*:}
	[ "$data" = "$2" ] && data=digits
	node zombienet/client/src/demo.mjs --scenario "${2%:*}" --data "$data" --port "$1" >"$logs/$2" 2>&1 && return
	echo "$2" >>"$logs/failed"
}
export -f play
export logs
# Those that take longest come first. The ports lie below those that systems give to outgoing connections.
port=21000
for scenario in late withhold killed false-accusation silent partials trace steps optimiser backward \
	forward honest backward:text; do
	echo "$port $scenario"
	port=$((port + 200))
done | xargs -P "${LANES:-3}" -L 1 bash -c 'play "$0" "$1"'
grep -h '^RESULT' "$logs"/*
[ ! -e "$logs/failed" ] || { for s in $(cat "$logs/failed"); do echo "--- $s"; cat "$logs/$s"; done; die "failed: $(xargs <"$logs/failed")"; }
