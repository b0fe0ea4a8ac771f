"""The allowed edges between Assay's crates; `cargo metadata --no-deps` on standard input.

Layers: primitives <- pallets <- runtime <- node, primitives <- ml-runtime. Arrows point down only.
"""

import json
import sys

# crate -> the Assay crates it may use in [dependencies] (dev-dependencies may use more).
ALLOWED = {
    "assay-ops": set(),
    "assay-commitment": {"assay-ops"},
    "assay-referee": {"assay-ops", "assay-commitment"},
    "assay-dispute-game": set(),
    "assay-case": {"assay-ops", "assay-commitment", "assay-referee", "assay-dispute-game"},
    "assay-host-functions": set(),
    "assay-primitives": {"assay-ops", "assay-commitment"},
    "assay-runtime-apis": {"assay-case", "assay-commitment", "assay-dispute-game", "assay-ops", "assay-primitives", "assay-referee"},
}
PURE = set(ALLOWED)
GROUPS = {
    "pallets/": PURE,
    "runtime/fuzzer": PURE | {"pallet-*", "assay-runtime"},
    "runtime/load": PURE | {"pallet-*", "assay-runtime", "assay-runtime-fuzzer"},
    "primitives/fuzz": PURE | {"ml-runtime/*"},
    "runtime/sim-pallets": PURE | {"pallet-*", "assay-runtime", "assay-sim"},
    "runtime/sim": PURE,
    "runtime/upgrade": {"assay-runtime"},
    "runtime": PURE | {"pallet-*"},
    "ml-runtime/": (PURE - {"assay-runtime-apis"}) | {"ml-runtime/*"},
    "zombienet/": PURE | {"ml-runtime/*"},
    "node": PURE | {"assay-blobs", "assay-executor-host", "assay-runtime", "assay-worker-protocol"},
}
# Crates that only some layers may touch at all.
HEAVY = {"candle-core": "ml-runtime/candle", "cudarc": "ml-runtime/backend-cuda"}
NO_FRAME = ["assay-case", "assay-ops", "assay-commitment", "assay-referee", "assay-dispute-game"]


def folder(package, root):
    return package["manifest_path"][len(root) + 1 :].rsplit("/", 1)[0]


def may_use(name, path, dependency, target_path):
    allowed = ALLOWED.get(name)
    if allowed is None:
        allowed = next((a for g, a in GROUPS.items() if path == g or path.startswith(g)), set())
    if dependency in allowed:
        return True
    if "pallet-*" in allowed and target_path.startswith("pallets/"):
        return True
    return "ml-runtime/*" in allowed and target_path.startswith("ml-runtime/")


def main():
    meta = json.load(sys.stdin)
    root = meta["workspace_root"]
    paths = {p["name"]: folder(p, root) for p in meta["packages"]}
    faults = []
    for package in meta["packages"]:
        name, path = package["name"], paths[package["name"]]
        for dependency in package["dependencies"]:
            target = dependency["name"]
            if dependency["kind"] == "dev":
                continue
            if target in paths and not may_use(name, path, target, paths[target]):
                faults.append(f"{name} ({path}) may not use {target} ({paths[target]})")
            if target in HEAVY and path != HEAVY[target]:
                faults.append(f"{name} may not use {target}: only {HEAVY[target]} may")
            if target == "polkadot-sdk" and name in NO_FRAME:
                faults.append(f"{name} is pure and may not use polkadot-sdk")
            if target == "polkadot-sdk" and path.startswith("ml-runtime/"):
                faults.append(f"{name} may not use polkadot-sdk: the executor is no node")
    for fault in faults:
        print(f"layering: {fault}", file=sys.stderr)
    print(f"layering: {len(paths)} crates, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
