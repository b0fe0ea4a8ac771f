#!/usr/bin/env bash
# Searches for inputs that break a property of primitives/fuzz, guided by coverage.
#   scripts/fuzz.sh TARGET SECONDS   searches from the committed corpus and what earlier runs have found;
#                                    stops at the first input that breaks the property
#   scripts/fuzz.sh all SECONDS      the same for every target, which share the time
#   scripts/fuzz.sh TARGET FILE      runs one input, to reproduce what was found
#   scripts/fuzz.sh TARGET --minimise
#                                    makes the committed corpus anew: the smallest inputs that together reach
#                                    what is reached by it, by the seeds and by earlier runs
#   scripts/fuzz.sh --list           names the targets
# Each search ends with a line `FUZZ target=… execs=… exec_per_s=… crashes=… cov=… corpus=…`. The exit status is 1
# if there were crashes. ASSAY_FUZZ is the folder for builds and findings, CARGO the cargo to build with.
set -euo pipefail
source "$(dirname "$0")/env.sh"
targets="decoders game manifest openings program referee soft"
folder="${ASSAY_FUZZ:-$ASSAY_CACHE/fuzz}"
committed="$ROOT/primitives/fuzz/corpus"
triple="$(rustc -vV | sed -n 's/^host: //p')"
# Longest input in bytes: evidence is long, choices are not.
longest() { case "$1" in decoders) echo 16384 ;; *) echo 1024 ;; esac; }

# The instrumentation is that of stable rustc (`-C passes=sancov-module`), libFuzzer comes with a crate; only the
# sanitizers would need a nightly compiler, and there is no unsafe code to watch.
build() { # build TARGET...
	command -v clang++ >/dev/null || command -v c++ >/dev/null || die "libFuzzer needs a C++ compiler"
	"${CARGO:-cargo}" fuzz --version >/dev/null 2>&1 ||
		"${CARGO:-cargo}" install --locked cargo-fuzz || die "cannot install cargo-fuzz"
	for target in "$@"; do
		# Not the libraries' own wasm builds.
		SKIP_WASM_BUILD=1 CARGO_TARGET_DIR="$folder/target" "${CARGO:-cargo}" fuzz build --sanitizer none \
			--fuzz-dir primitives/fuzz/targets --target-dir "$folder/target" "$target" || die "$target does not build"
	done
}
binary() { echo "$folder/target/$triple/release/$1"; }
fuzzer() { # fuzzer TARGET ARGUMENT...
	"$(binary "$1")" -max_len="$(longest "$1")" -timeout=20 -rss_limit_mb=2048 "${@:2}"
}

search() { # search TARGET SECONDS
	local target=$1 seconds=$2 found="$folder/found/$1" crashes="$folder/crashes/$1" log status=0
	mkdir -p "$found" "$crashes"
	log="$folder/$target.log"
	touch "$crashes/.before"
	fuzzer "$target" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$crashes/" \
		"$found" "$committed/$target" >"$log" 2>&1 || status=$?
	stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
	local execs rate cov corpus news
	execs=$(stat number_of_executed_units) rate=$(stat average_exec_per_sec)
	cov=$(grep -oE 'cov: [0-9]+' "$log" | tail -1 | cut -d' ' -f2)
	corpus=$(grep -oE 'corp: [0-9]+' "$log" | tail -1 | cut -d' ' -f2)
	news=$(find "$crashes" -type f -newer "$crashes/.before" ! -name .before)
	if [ "$status" != 0 ] && [ -z "$news" ]; then
		tail -n 20 "$log" >&2
		die "$target could not be run (log: $log)"
	fi
	if [ -n "$news" ]; then
		grep -aE -A3 'panicked at|ERROR: libFuzzer' "$log" | head -n 12 || true
		while read -r file; do
			echo "found: $file"
			echo "again: scripts/fuzz.sh $target $file"
		done <<<"$news"
	fi
	echo "FUZZ target=$target execs=${execs:-0} exec_per_s=${rate:-0}" \
		"crashes=$(grep -c . <<<"$news" || true) cov=${cov:-0} corpus=${corpus:-0}"
	[ -z "$news" ]
}

minimise() { # minimise TARGET
	local target=$1 fresh seeds
	fresh="$(mktemp -d)" seeds="$(mktemp -d)"
	mkdir -p "$folder/found/$target" "$committed/$target"
	"${CARGO:-cargo}" run --quiet --release --locked -p assay-fuzz --example seeds -- "$seeds"
	mkdir -p "$seeds/$target"
	fuzzer "$target" -merge=1 "$fresh" "$committed/$target" "$seeds/$target" "$folder/found/$target" \
		>"$folder/$target.merge.log" 2>&1 || die "cannot merge (log: $folder/$target.merge.log)"
	rm -f "$committed/$target"/*
	cp "$fresh"/* "$committed/$target/"
	rm -rf "$fresh" "$seeds"
	echo "$target: $(find "$committed/$target" -type f | wc -l) inputs," \
		"$(du -sb "$committed/$target" | cut -f1) bytes"
}

target=${1:-}
case "$target" in
	"" | -h | --help) sed -n '2,13p' "$0" | cut -c3-; exit 0 ;;
	--list) tr ' ' '\n' <<<"$targets"; exit 0 ;;
	all) chosen=$targets ;;
	*)
		grep -qwF -- "$target" <<<"$targets" || die "there is no target $target, but there are: $targets"
		chosen=$target
		;;
esac
what=${2:-}
# shellcheck disable=SC2086
case "$what" in
	--minimise)
		build $chosen
		for target in $chosen; do minimise "$target"; done
		;;
	"" | *[!0-9]*)
		[ -f "$what" ] && [ "$target" != all ] || die "give a number of seconds, or the file of an input"
		what="$(realpath "$what")"
		build $chosen
		fuzzer "$target" "$what"
		;;
	*)
		build $chosen
		share=$((what / $(wc -w <<<"$chosen")))
		[ "$share" -gt 0 ] || die "give at least a second for each target"
		failed=0
		for target in $chosen; do search "$target" "$share" || failed=1; done
		exit "$failed"
		;;
esac
