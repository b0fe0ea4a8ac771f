#!/usr/bin/env bash
# Searches, guided by coverage, for inputs that break a property of primitives/fuzz (docs/adr/0017).
#   scripts/fuzz.sh TARGET SECONDS   searches from the committed corpus and from what earlier searches found;
#                                    stops at the first input that breaks the property, and says where it lies
#   scripts/fuzz.sh all SECONDS      the same for every target, which share the time
#   scripts/fuzz.sh TARGET FILE      replays one input
#   scripts/fuzz.sh TARGET --merge   makes the committed corpus anew from it, the seeds and earlier searches: the fewest
#                                    inputs that reach as much, of which as many as fit. Nothing else writes into
#                                    the clone
#   scripts/fuzz.sh --list           names the targets
# A search ends with a line FUZZ target=… runs=… seconds=… crashes=…, and fails if there is a crash. What it finds and
# builds lies in $ASSAY_FUZZ, in the project's cache folder if that is not set. Needs a C++ compiler, and no nightly.
set -euo pipefail
here="$PWD"
source "$(dirname "$0")/env.sh"
targets="decoders game manifest openings program referee soft"
folder="${ASSAY_FUZZ:-$ASSAY_CACHE/fuzz}"
committed="$ROOT/primitives/fuzz/corpus"
export PATH="$folder/tools/bin:$PATH" SKIP_WASM_BUILD=1

build() { # build TARGET, or all
	local which=("$1")
	[ "$1" != all ] || which=()
	command -v c++ >/dev/null || die "libFuzzer needs a C++ compiler"
	command -v cargo-fuzz >/dev/null || cargo install --locked --root "$folder/tools" cargo-fuzz@0.13.2 >&2
	CARGO_TARGET_DIR="$folder/target" cargo fuzz build --sanitizer none --fuzz-dir primitives/fuzz/targets \
		--target-dir "$folder/target" "${which[@]}" >&2 || die "$1 does not build"
}
fuzzer() { # fuzzer TARGET ARGUMENT...
	local host longest=1024
	host="$(rustc -vV | sed -n 's/^host: //p')"
	# Evidence is long, choices are not.
	[ "$1" = decoders ] && longest=16384
	# Seconds by the clock: a busy machine is no finding.
	"$folder/target/$host/release/$1" -max_len=$longest -timeout=100 -report_slow_units=100 -rss_limit_mb=2048 "${@:2}"
}

search() { # search TARGET SECONDS
	local target=$1 log="$folder/$1.log" crashes="$folder/crashes/$1" found="$folder/found/$1" status=0 start=$SECONDS
	mkdir -p "$crashes" "$found"
	touch "$folder/$target.start"
	fuzzer "$target" -max_total_time="$2" -print_final_stats=1 -artifact_prefix="$crashes/" "$found" \
		"$committed/$target" >"$log" 2>&1 || status=$?
	local files runs count=0
	files="$(find "$crashes" -type f -newer "$folder/$target.start" ! -name 'slow-unit-*')"
	runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)"
	grep -E 'cov: ' "$log" | tail -1 || true
	if [ "$status" != 0 ]; then
		count=1
		grep -aE -A4 'panicked at|ERROR: libFuzzer' "$log" | head -n 12 || tail -n 20 "$log"
		echo "log:   $log"
		[ -z "$files" ] || printf 'crash: %s\nagain: scripts/fuzz.sh %s %s\n' "$files" "$target" "$files"
	fi
	echo "FUZZ target=$target runs=${runs:-0} seconds=$((SECONDS - start)) crashes=$count"
	return $count
}

# The corpus in the clone stays below 150 KB: files in the order of their names, which are hashes, while there is room.
keep() { # keep TARGET FOLDER
	local room=15000 size file
	[ "$1" != decoders ] || room=50000
	for file in "$2"/*; do
		size="$(wc -c <"$file")"
		[ "$size" -le "$room" ] || continue
		cp "$file" "$committed/$1/"
		room=$((room - size))
	done
}

merge() { # merge TARGET
	local work
	work="$(mktemp -d)"
	mkdir -p "$work/new" "$work/seeds/$1" "$folder/found/$1" "$committed/$1"
	cargo run --quiet --release --locked -p assay-fuzz --no-default-features --example seeds -- "$work/seeds" >&2
	fuzzer "$1" -set_cover_merge=1 "$work/new" "$committed/$1" "$work/seeds/$1" "$folder/found/$1" \
		>"$folder/$1.merge.log" 2>&1 || die "cannot merge: $folder/$1.merge.log"
	rm -f "$committed/$1"/*
	keep "$1" "$work/new"
	rm -r "$work"
	echo "$1: $(find "$committed/$1" -type f | wc -l) inputs, $(cat "$committed/$1"/* | wc -c) bytes"
}

case "${1:-}" in
	"" | -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
	--list) tr ' ' '\n' <<<"$targets"; exit 0 ;;
	all) chosen=$targets ;;
	*[!a-z]*) die "there is no target $1, but there are: $targets" ;;
	*) grep -qwF -- "$1" <<<"$targets" || die "there is no target $1, but there are: $targets"; chosen=$1 ;;
esac
read -ra chosen <<<"$chosen"
case "${2:-}" in
	--merge)
		build "$1"
		for target in "${chosen[@]}"; do merge "$target"; done
		;;
	"" | *[!0-9]*)
		file="$(cd "$here" && realpath -e "${2:-}" 2>/dev/null)" && [ "$1" != all ] ||
			die "give a number of seconds, or the file of an input"
		build "$1"
		fuzzer "$1" "$file"
		;;
	*)
		share=$(($2 / ${#chosen[@]})) failed=0
		[ "$share" -gt 0 ] || die "give at least a second for each target"
		build "$1"
		for target in "${chosen[@]}"; do search "$target" "$share" || failed=1; done
		exit "$failed"
		;;
esac
