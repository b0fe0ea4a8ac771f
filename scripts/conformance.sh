#!/usr/bin/env bash
# Compares every backend of this machine with the op spec, bit for bit, on the same cases.
#   scripts/conformance.sh                          all operations, some seconds
#   scripts/conformance.sh --long                   at least a million words of each
#   scripts/conformance.sh --exhaustive exp,tanh    all 2^32 inputs of two functions
#   scripts/conformance.sh --accuracy               how far exp, log, tanh and erf are from CORE-MATH, over all 2^32 inputs
#   scripts/conformance.sh --claims [STEPS]         trains the small example programs for 1,000 steps, or so many, in f32 and in
#                                                   integers, with every kind of instructions and 1, 2 and 5 threads (scalar
#                                                   ones: 2), and compares the claims; on x86-64 without AVX-512, with
#                                                   that in the emulator, too (EMULATE=no leaves it out)
#   scripts/conformance.sh --wasm [--long]          the referee inside the built runtime, and its worst tiles
#   scripts/conformance.sh --arm                    the kernels for ARM processors, on one or in an emulator (Debian: qemu-user
#                                                   and gcc-aarch64-linux-gnu)
#   scripts/conformance.sh --avx512 [OPTION…]       the kernels for AVX-512 and VNNI, on a processor that has them or in an
#                                                   emulator (scripts/emulate.sh), there with fewer words; options as below
#   scripts/conformance.sh --help                   the other options, and what the lines mean
set -euo pipefail
source "$(dirname "$0")/env.sh"
# The whole workspace is selected, as everywhere, so that features are the same and nothing is built twice.
if [ "${1:-}" = --wasm ]; then
	case "${2:-}" in
	--long) export CONFORMANCE_LONG=1 ;;
	"") ;;
	*) die "after --wasm there is only --long" ;;
	esac
	# One test at a time, so that the times of tiles are those of a quiet process.
	exec env -u SKIP_WASM_BUILD cargo test --release --locked --workspace --test referee_in_wasm -- \
		--nocapture --test-threads=1
fi
if [ "${1:-}" = --claims ]; then
	[ $# -le 2 ] || die "after --claims there is only the number of steps"
	export ASSAY_STEPS="${2:-1000}"
	name=claim_should_be_the_same_when_instructions_and_threads_differ
	binary="$(cargo test --release --locked --workspace --test training --no-run 2>&1 | grep -oE '[^ (]*deps/training-[0-9a-f]+')"
	[ -x "$binary" ] || die "the test has not been built: cargo test --release --locked --workspace --test training --no-run"
	claims="$(mktemp)"
	trap 'rm -f "$claims"' EXIT
	(cd ml-runtime/executor && "$binary" --nocapture --exact "$name") | tee "$claims"
	if [ "$(uname -m)" = x86_64 ] && [ "${EMULATE:-}" != no ] && ! grep -qw avx512_vnni /proc/cpuinfo; then
		EXPORT="ASSAY_STEPS=$ASSAY_STEPS ASSAY_LEVELS=Avx512,Vnni ASSAY_THREADS=2" \
			scripts/emulate.sh "$binary" --nocapture --exact "$name" | tee -a "$claims"
	fi
	# The same root under each program's name, whatever computed it.
	grep -aoE 'claim[.].*' "$claims" | sed -E 's/[.][A-Za-z0-9]+[.]t[0-9]+ / /' | sort -u | awk '
		{ seen[$1]++ } END { for (name in seen) if (seen[name] > 1) { print name " differs"; bad = 1 }
		print length(seen) " programs, " (bad ? "not all with one claim" : "each with one claim"); exit bad }'
	exit
fi
if [ "${1:-}" = --accuracy ]; then
	[ $# = 1 ] || die "after --accuracy there is nothing"
	ASSAY_ONE_IN=1 exec cargo test --release --locked --workspace --test accuracy -- --nocapture --test-threads=1
fi
if [ "${1:-}" = --arm ]; then
	[ $# = 1 ] || die "after --arm there is nothing"
	target=aarch64-unknown-linux-gnu
	if [ "$(uname -m)" != aarch64 ]; then
		command -v qemu-aarch64 >/dev/null || die "no emulator: apt-get install qemu-user"
		command -v aarch64-linux-gnu-gcc >/dev/null || die "no linker: apt-get install gcc-aarch64-linux-gnu"
		[ -d "$(rustc --print target-libdir --target $target)" ] ||
			die "no standard library for ARM: rustup target add $target"
		export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
		export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
	fi
	exec cargo run --release --locked --target $target -p assay-conformance --bin assay-conformance
fi
emulate=()
if [ "${1:-}" = --avx512 ]; then
	shift
	[ "$(uname -m)" = x86_64 ] || die "the emulator and what it runs are for x86-64"
	if ! grep -qw avx512_vnni /proc/cpuinfo; then
		emulate=(scripts/emulate.sh)
		[ $# != 0 ] || set -- --cases 10000
	fi
	# A level that is named must be there.
	set -- --backends reference,avx512,vnni "$@"
fi
cargo build --release --locked --workspace --bin assay-conformance
exec "${emulate[@]}" "$CARGO_TARGET_DIR/release/assay-conformance" "$@"
