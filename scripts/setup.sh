#!/usr/bin/env bash
# Bare Debian 12 machine -> ready to build: system packages, Rust with the wasm target, npm clients.
# Safe to run again: each step looks first whether it is done.
set -euo pipefail
source "$(dirname "$0")/env.sh"

PACKAGES="clang libclang-dev protobuf-compiler cmake pkg-config build-essential git curl ca-certificates iproute2 python3-venv python3-pip"
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
apt_install() {
	local missing=()
	for p in "$@"; do dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p"); done
	[ ${#missing[@]} = 0 ] && return
	say "installing ${missing[*]}"
	as_root apt-get update -qq
	DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
has_wasm() { [ -n "$(ls "$("$@" --print sysroot 2>/dev/null)"/lib/rustlib/wasm32v1-none/lib/libcore-*.rlib 2>/dev/null)" ]; }

command -v apt-get >/dev/null && apt_install $PACKAGES
if has_wasm rustc || { command -v rustup >/dev/null && rustup target add wasm32v1-none 2>/dev/null; }; then
	say "the wasm target is installed"
else
	command -v apt-get >/dev/null || die "install Rust >= 1.95 with the target wasm32v1-none, then run this again"
	apt_install rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web lld-22
	has_wasm /usr/bin/rustc || "$ROOT/scripts/build-wasm-core.sh"
	command -v rustup >/dev/null && rustup toolchain link assay /usr
fi
if ! command -v cargo-nextest >/dev/null; then
	say "installing cargo-nextest"
	cargo install --locked --root "${CARGO_HOME:-$HOME/.cargo}" cargo-nextest
fi
if command -v npm >/dev/null; then
	if [ ! zombienet/client/node_modules/.package-lock.json -nt zombienet/client/package-lock.json ]; then
		say "installing the JavaScript clients"
		npm ci --no-audit --no-fund --silent --prefix zombienet/client
	fi
else
	apt_install nodejs npm && exec "$0"
fi
say "set-up is complete"
