#!/usr/bin/env bash
# Everything that must hold before a change lands: set-up, format, layers, lints, no_std builds, unit and property tests,
# the runtime wasm, some of the museum's bugs, of the judge's mutants and of chaos, the Python package (which takes
# PyTorch for the CPU from PyPI), and the end-to-end runs on real processes. `--quick` stops after the tests.
set -uo pipefail
source "$(dirname "$0")/env.sh"
quick=${1:-}
passed=0 failed=0 started=$SECONDS
logs="$(mktemp -d)"
count() { passed=$((passed + $1)); failed=$((failed + $2)); }
stage() { # stage NAME COMMAND...: runs it, keeps its log, shows the end of the log when it fails
	local name=$1 begin=$SECONDS log; shift
	log="$logs/${name// /-}.log"
	say "$name"
	if "$@" >"$log" 2>&1; then
		count 1 0; echo "ok   $name ($((SECONDS - begin)) s)"
	else
		count 0 1; tail -n "${TAIL:-60}" "$log"; echo "FAIL $name ($((SECONDS - begin)) s)"
	fi
}
no_std() {
	cargo build --release --locked --target wasm32v1-none --no-default-features \
		-p assay-ops -p assay-commitment -p assay-referee -p assay-dispute-game
}
suite() {
	cargo nextest run --release --locked --workspace --no-fail-fast 2>&1
}

./scripts/setup.sh || die "set-up failed"
source scripts/env.sh
stage "layers" ./scripts/layers.sh
stage "format" cargo fmt --all -- --check
stage "javascript" npm run --silent --prefix zombienet/client lint
stage "no_std" no_std
stage "build" cargo build --release --locked --workspace --all-targets
TAIL=200 stage "tests" suite
summary=$(grep -hoE '[0-9]+ tests? run: .*' "$logs/tests.log" | tail -1)
count "$(grep -oE '[0-9]+ passed' <<<"$summary" | grep -oE '[0-9]+' || echo 0)" \
	"$(grep -oE '[0-9]+ failed' <<<"$summary" | grep -oE '[0-9]+' || echo 0)"
echo "     ${summary:-no tests ran}"
[ -n "$summary" ] || count 0 1
if [ "$quick" != "--quick" ]; then
	SKIP_WASM_BUILD=1 stage "clippy" cargo clippy --release --locked --workspace --all-targets -- -D warnings
	stage "museum, three bugs of it" env LIMIT=600 ./scripts/museum.sh 20 37 59
	stage "mutants, a twentieth of the game's" ./scripts/mutants.sh --shard 0/20 game
	if unshare --net --mount --pid --fork true 2>/dev/null; then
		stage "chaos, a worker killed 200 times" ./scripts/chaos.sh worker --kills 200
	else
		say "chaos is left out: this system gives no network, mount and process namespaces (unshare failed)"
	fi
	TAIL=80 stage "python, with PyTorch" ./scripts/python.sh --test
	stage "ptx, as its sources give it" ./scripts/ptx.sh --check
	for run in scripts/e2e/*.sh; do
		[ -e "$run" ] || continue
		TAIL=150 stage "end to end: $(basename "$run" .sh)" "$run"
	done
fi
rm -rf "$logs"
echo "took $((SECONDS - started)) s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
