#!/usr/bin/env bash
# The bug museum: puts published bugs back into a copy of our code, one by one, and shows that our tests see each of
# them (docs/adr/0020).
#
#   scripts/museum.sh                 every bug
#   scripts/museum.sh 07 odd-node     only these: by number, by name or by a part of it
#   scripts/museum.sh --list          what there is, where it was published, and what must catch it
#   scripts/museum.sh --help          this text
#
# Each bug is a patch in scripts/museum with a header: where it was Published, what the Bug does, and the Crate,
# Target and Tests that must catch it (a nextest filter). First the named tests run without any bug and must pass.
# Then, for each bug:
#
#   caught 07 name by TEST in S s     a named test failed; S is all of it: applying, building, testing
#   LATE   07 name by TEST in S s     one did, after more than 60 s (LIMIT sets another limit)
#   MISSED 07 name in S s             they all passed
#   BROKEN 07 name: WHY               the patch no longer applies or compiles, or names no test
#
# ends with `MUSEUM caught=… of=…`, and with 0 only if all are caught. The copy is kept in the cache, so that a later
# run builds what has changed only. CARGO names another cargo.
set -euo pipefail
source "$(dirname "$0")/env.sh"
source "$ROOT/scripts/museum/tree.sh"
MUSEUM="$ROOT/scripts/museum"
TREE="${MUSEUM_TREE:-$ASSAY_CACHE/museum-tree}"
LIMIT="${LIMIT:-60}"
# Crates of the workspace are built again for every bug; what they depend on never is.
export CARGO_INCREMENTAL=1 SKIP_WASM_BUILD=1 GIT_CEILING_DIRECTORIES="${TREE%/*}"
# A test that fails must not be remembered and run first when the next bug is in.
export PROPTEST_DISABLE_FAILURE_PERSISTENCE=1

help() { sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
name_of() { basename "$1" .patch; }

# field KEY PATCH: the header field of a patch; lines that begin with two spaces go on.
field() {
	awk -v key="$1:" '
		/^diff --git/ { exit }
		index($0, key) == 1 { on = 1; text = substr($0, length(key) + 2); next }
		on && /^  / { sub(/^ +/, " "); text = text $0; next }
		{ on = 0 }
		END { print text }
	' "$2"
}

list() {
	local patch key
	for patch in "$@"; do
		name_of "$patch"
		for key in Published Bug; do printf '   %-10s %s\n' "$key" "$(field $key "$patch")"; done
		printf '   %-10s %s %s: %s\n' "Caught by" "$(field Crate "$patch")" "$(field Target "$patch")" \
			"$(field Tests "$patch")"
	done
}

# run CRATE TARGETS FILTER: these tests; nextest's own exit code.
run() {
	local targets
	read -ra targets <<<"$2"
	(cd "$TREE" && timeout 900 "${CARGO:-cargo}" nextest run --release --offline --no-fail-fast --color never \
		-p museum "${select[@]/#/-p}" -p "$1" "${targets[@]}" -E "$3") >"$log" 2>&1
}

# The first test that failed, and how many more did.
culprits() {
	local tests=() more
	mapfile -t tests < <(grep -oE '(FAIL|SIGABRT|SIGSEGV|TIMEOUT) \[[^]]*\]( \([^)]*\))? .*' "$log" |
		sed -E 's/^[A-Z]+ \[[^]]*\] *(\([^)]*\) *)?//' | sort -u)
	more=$((${#tests[@]} - 1))
	echo "${tests[0]:-?}$([ "$more" -gt 0 ] && echo " and $more more" || true)"
}

in_tree() { git -C "$TREE" apply "$@"; }

# The tests that patches name must pass as long as there is no bug. Crate by crate, as they were given.
sound() {
	local patch crate order=()
	declare -A filters=() targets=()
	for patch in "$@"; do
		crate="$(field Crate "$patch")"
		[ -n "${filters[$crate]:-}" ] || order+=("$crate")
		filters[$crate]="${filters[$crate]:+${filters[$crate]} | }($(field Tests "$patch"))"
		targets[$crate]="${targets[$crate]:-}$(field Target "$patch" | sed 's/ --/\n--/g')"$'\n'
	done
	for crate in "${order[@]}"; do
		say "without a bug: $crate"
		run "$crate" "$(sort -u <<<"${targets[$crate]}" | tr '\n' ' ')" "${filters[$crate]}" ||
			{ tail -n 60 "$log"; die "$crate fails without any bug"; }
		grep -E 'Summary' "$log" || true
	done
}

# exhibit PATCH: shows one bug; succeeds if it is caught.
exhibit() {
	local patch=$1 name begin=$SECONDS code=0 took verdict
	name="$(name_of "$patch")"
	name="${name/-/ }"
	if ! in_tree "$patch" 2>"$log"; then
		echo "BROKEN $name: the patch no longer applies: $(head -1 "$log")"
		return 1
	fi
	run "$(field Crate "$patch")" "$(field Target "$patch")" "$(field Tests "$patch")" || code=$?
	took=$((SECONDS - begin))
	in_tree -R "$patch" || die "$name cannot be taken out of $TREE again"
	case $code in
		100)
			verdict=caught
			[ "$took" -le "$LIMIT" ] || verdict=LATE
			echo "$verdict $name by $(culprits) in $took s"
			[ "$verdict" = caught ]
			;;
		0) echo "MISSED $name in $took s"; return 1 ;;
		124) echo "MISSED $name: still at it after 900 s"; return 1 ;;
		4) echo "BROKEN $name: no test is called $(field Tests "$patch")"; return 1 ;;
		*) echo "BROKEN $name: exit code $code: $(grep -m1 -E '^error' "$log" || tail -1 "$log")"; return 1 ;;
	esac
}

shopt -s nullglob
all=("$MUSEUM"/*.patch)
patches=()
for wanted in "$@"; do
	case $wanted in
		--help | -h) help; exit ;;
		--list) list "${all[@]}"; exit ;;
		-*) die "unknown option $wanted; see --help" ;;
	esac
	found=("$MUSEUM/$wanted"*.patch "$MUSEUM/"??-*"$wanted"*.patch)
	[ "${#found[@]}" -gt 0 ] || die "no bug is called $wanted; see --list"
	patches+=("${found[@]}")
done
[ "$#" -gt 0 ] || patches=("${all[@]}")
# Files are numbered crate by crate, so in this order each crate is built from scratch once.
mapfile -t patches < <(printf '%s\n' "${patches[@]}" | sort -u)

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
mkdir -p "$ASSAY_CACHE"
exec 9>"$ASSAY_CACHE/museum.lock"
flock -n 9 || die "the museum is open already"
copy_tree
join_features
sound "${patches[@]}"
say "${#patches[@]} bugs"
caught=0
for patch in "${patches[@]}"; do
	if exhibit "$patch"; then caught=$((caught + 1)); fi
done
echo "MUSEUM caught=$caught of=${#patches[@]}"
[ "$caught" = "${#patches[@]}" ]
