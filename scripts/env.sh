# Sourced by every script: one toolchain, one target directory outside the clone, one profile.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
ASSAY_CACHE="${ASSAY_CACHE:-$HOME/.cache/assay}"
export ROOT ASSAY_CACHE
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ASSAY_CACHE/target}"
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
# The `assay` toolchain exists where rustup could not download the wasm target (see setup.sh).
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && rustup toolchain list 2>/dev/null | grep -q '^assay'; then
	export RUSTUP_TOOLCHAIN=assay WASM_BUILD_TOOLCHAIN=assay
fi
cd "$ROOT" || exit 1
say() { printf '\n== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
field() { grep -oE "\"$1\": *[^,]+" <<<"$2" | head -1 | sed 's/.*: *//; s/["}]//g'; } # field NAME JSON: its value, the first time
number() { awk "BEGIN { exit !($1) }"; } # number CONDITION: of decimals
