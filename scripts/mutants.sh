#!/usr/bin/env bash
# Mutation testing of the judge: changes one thing at a time in a copy of our code, and looks whether a test fails
# (docs/adr/0022).
#
#   scripts/mutants.sh [OPTION...] [AREA...]   tries every mutant of these areas, or of all of them
#     --shard K/N     only the K-th of N parts, which take about equally long; K counts from 0
#     --re REGEX      only mutants whose line in the list matches
#     --list          lists the mutants and tries none
#     --report        sums up the runs that are kept, the later outcome of a mutant before the earlier, and tries none
#     --help          this text
#
# The areas: game, commitment and referee, with the tests of their crates; stake, all of the staking pallet; slash, what
# convictions, acquittals and missed deadlines pay and burn, in the dispute pallet and in the market.
#
# A mutant is killed when a test of the area fails or never ends. It is unviable, and does not count, when it does not
# compile. Each area ends with
#
#   MUTANTS area=… mutants=… caught=… missed=… unviable=… timeout=… killed=…%
#
# and all of it with 0 only if at least 95 % were killed in each and whoever survived is named, with the reason, in
# scripts/mutants/accepted.txt. Others are printed in the form of that file. A run of a whole area replaces the outcomes
# that are kept; a part adds to them. The copy and the outcomes lie in the project's cache folder.
set -euo pipefail
source "$(dirname "$0")/env.sh"
source "$ROOT/scripts/museum/tree.sh"
FOLDER="$ASSAY_CACHE/mutants"
AREAS="game commitment referee stake slash"
export PATH="$ASSAY_CACHE/tools/bin:$PATH"
export CARGO_INCREMENTAL=1 SKIP_WASM_BUILD=1 GIT_CEILING_DIRECTORIES="$FOLDER"
# The same mutant must meet the same cases again, and none that another mutant left behind.
export PROPTEST_DISABLE_FAILURE_PERSISTENCE=1 PROPTEST_RNG_SEED=1

# rows AREA: what is mutated, a line for each package: the package, more packages whose tests count, or -, which of
# cargo's targets are tests of it, and the files.
rows() {
	case $1 in
		# Its exhaustive models find nothing here that its own tests do not find in a tenth of the time.
		game) echo "assay-dispute-game - lib primitives/dispute-game/src/**" ;;
		commitment) echo "assay-commitment - tests primitives/commitment/src/**" ;;
		referee) echo "assay-referee - tests primitives/referee/src/**" ;;
		stake) echo "pallet-compute-staking - lib pallets/compute-staking/src/**" ;;
		slash)
			echo "pallet-dispute - lib pallets/dispute/src/settle_impls.rs pallets/dispute/src/games_impls.rs" \
				"pallets/dispute/src/move_impls.rs pallets/dispute/src/types.rs"
			echo "pallet-task-market - lib pallets/task-market/src/escrow.rs" \
				"pallets/task-market/src/claims_impls.rs pallets/task-market/src/training_impls.rs" \
				"pallets/task-market/src/params.rs"
			;;
	esac
}

# Leaves only the judge's crates in the copy's workspace: cargo is asked twice for every mutant, and a thousand packages
# take it longer than the tests. The game's models need the game as a library, its own tests do not.
judge_alone() {
	sed -i '/^members = \[/,/^\]/c members = ["primitives/ops", "primitives/commitment", "primitives/referee", "primitives/dispute-game"]' \
		"$TREE/Cargo.toml"
	sed -i '/^assay-dispute-game = /d' "$TREE/primitives/dispute-game/Cargo.toml"
}

# In the copy, says what a result is made of. Of a `DispatchResult` cargo-mutants does not know that `Ok(())` is one.
spell_out_results() {
	sed -i 's/-> DispatchResult {/-> Result<(), polkadot_sdk::sp_runtime::DispatchError> {/' \
		"$TREE"/pallets/*/src/*_impls.rs "$TREE/pallets/task-market/src/escrow.rs"
}

# mutants PACKAGE MORE TARGETS FILE... -- OPTION...: cargo-mutants on some files of one package.
mutants() {
	local package=$1 more=$2 targets=$3 args=() word
	shift 3
	while [ "$1" != -- ]; do args+=(--file "$1"); shift; done
	shift
	local cargo=("--$targets" --offline "--config-file=$ROOT/scripts/mutants/nextest.toml")
	case $package in pallet-*) for word in museum "${select[@]}"; do cargo+=("-p$word"); done ;; esac
	for word in "${cargo[@]}"; do args+=("--cargo-arg=$word"); done
	[ "$more" = - ] || args+=(--test-package "$package,$more")
	cargo mutants --dir "$TREE" --config "$ROOT/scripts/mutants/mutants.toml" --package "$package" --in-place \
		--profile release --test-tool nextest --no-shuffle --colors never \
		--minimum-test-timeout 180 "${args[@]}" "$@"
}

# stage NUMBER ROW OPTION...: tries mutants with what rows gives. The first stage has the tests that are over at once and
# a crate that is not optimised, so that the build is; the second has all tests, and only mutants that got so far
# or did not end, which may only be slow.
stage() {
	local number=$1 row=$2 out code=0
	shift 2
	out="$FOLDER/out/$area/$(date +%s)-$number"
	mkdir -p "$out"
	# shellcheck disable=SC2086
	(set -f; mutants $row -- "--cargo-arg=--config=profile.release.package.${row%% *}.opt-level=$((number - 1))" \
		"--cargo-arg=--profile=stage-$number" --output "$out" "$@") 9>&- || code=$?
	# 2: some survived; 3: some never ended. The report says it better.
	case $code in 0 | 2 | 3) ;; *) die "cargo-mutants ends with $code; see $out" ;; esac
}

report() { python3 "$ROOT/scripts/mutants/report.py" "$ROOT" "$area" "$1" "$FOLDER/out/$area"; }

# try OPTION...: runs an area and reports it.
try() {
	local row whole=whole survivors name again
	[ "$#" = 0 ] || whole=part
	[ "$whole" = part ] || rm -rf "${FOLDER:?}/out/$area"
	mkdir -p "$FOLDER/out/$area"
	while IFS= read -r row; do
		stage 1 "$row" "$@"
		again=()
		mapfile -t survivors < <(report survivors)
		for name in "${survivors[@]}"; do
			case $name in "$(dirname "$(cut -d' ' -f4 <<<"$row")")"/*) again+=(--re "^${name//[^A-Za-z0-9 \/_]/.}\$") ;; esac
		done
		[ "${#again[@]}" = 0 ] || stage 2 "$row" "${again[@]}"
	done < <(rows "$area")
	report "$whole"
}

options=() areas=() what=try
while [ "$#" -gt 0 ]; do
	case $1 in
		-h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
		--list) what=list ;;
		--report) what=report ;;
		--shard) [ "$#" -gt 1 ] || die "$1 needs a value"; options+=("$1" "$2" --sharding round-robin); shift ;;
		--re) [ "$#" -gt 1 ] || die "$1 needs a value"; options+=("$1" "$2"); shift ;;
		-*) die "unknown option $1; see --help" ;;
		*) grep -qwF -- "$1" <<<"$AREAS" || die "there is no area $1, but there are: $AREAS"; areas+=("$1") ;;
	esac
	shift
done
[ "${#areas[@]}" -gt 0 ] || read -ra areas <<<"$AREAS"

failed=0
if [ "$what" = report ]; then
	for area in "${areas[@]}"; do report part || failed=1; done
	exit "$failed"
fi
# The version is fixed, as another makes other mutants. `scripts/setup.sh` leaves it out: no other script needs it.
command -v cargo-mutants >/dev/null ||
	cargo install --locked --root "$ASSAY_CACHE/tools" cargo-mutants@27.1.0 >&2
mkdir -p "$FOLDER"
exec 9>"$FOLDER/lock"
flock -n 9 || die "the mutants are being tried already"
select=()
prepare() {
	case $area in
		stake | slash) TREE="$FOLDER/tree"; copy_tree; join_features; spell_out_results ;;
		*) TREE="$FOLDER/judge"; copy_tree; judge_alone ;;
	esac
}
for area in "${areas[@]}"; do
	prepare
	if [ "$what" = list ]; then
		while IFS= read -r row; do
			# shellcheck disable=SC2086
			(set -f; mutants $row -- --list "${options[@]}")
		done < <(rows "$area")
	else
		say "$area"
		try "${options[@]}" || failed=1
	fi
done
exit "$failed"
