#!/usr/bin/env bash
# Fails when a crate depends on one that lies above it (docs/adr/0001). Reads only the manifests.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cargo metadata --no-deps --locked --offline --format-version 1 | python3 "$ROOT/scripts/layers.py"
