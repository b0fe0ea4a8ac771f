#!/usr/bin/env bash
# Plays disputes by the million against every known attack.
#   scripts/sim.sh --games N [--seed S] [--strategy X] [--adversaries K]   on a virtual chain
#   scripts/sim.sh --pallets --games N [--seed S] [--strategy X] …         on the pallets of the real runtime
#   scripts/sim.sh --pallets --wrong-executor [--seed S]                   challengers who compute another thing
#   scripts/sim.sh --search --games N [--seed S]                           breeds attacks that cost less
#   scripts/sim.sh --curves --games N [--seed S]                           the same with other bonds, shares, clocks …
#   scripts/sim.sh --scenario FILE                                        matches that were written down where they went wrong
#   scripts/sim.sh --list                                                  what the attacks are
# Ends with a line SIM games=… wrong=… late=… worst_time=… worst_time_alone=… worst_griefing=… games_per_s=…, and fails if a game went
# wrong or took too long, or if harm cost less than ten times as much. The same seed and code give the same digest. A search
# ends with a line SEARCH games=… strategies=… wrong=… late=… best_profit=… worst_griefing=… self_slash_lost=…, and fails as well if
# somebody gained, or lost less than half of a stake by convicting itself. A line BROKEN … says which bound it was.
set -euo pipefail
source "$(dirname "$0")/env.sh"
if [ "${1:-}" = --pallets ]; then
	shift
	# Selected so that all dependencies are those of the workspace's build, tests included.
	cargo build --release --locked --quiet --workspace --bin assay-sim-pallets --test slice
	exec "$CARGO_TARGET_DIR/release/assay-sim-pallets" "$@"
fi
# Simulations are the one place where these two crates compute for long.
exec cargo run --release --locked --quiet -p assay-sim \
	--config 'profile.release.package.assay-dispute-game.opt-level=3' \
	--config 'profile.release.package.assay-sim.opt-level=3' \
	-- "$@"
