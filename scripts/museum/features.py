"""Writes the manifest of a package that depends on every library of the workspace; prints the packages without one.

usage: cargo metadata --no-deps | features.py MANIFEST ROOT
"""

import json
import os
import sys

manifest, root = sys.argv[1:]
lines = ["[package]", 'name = "museum"', 'version = "0.0.0"', 'edition = "2021"', "", "[dependencies]"]
for package in json.load(sys.stdin)["packages"]:
    if any("lib" in target["kind"] for target in package["targets"]):
        folder = os.path.relpath(os.path.dirname(package["manifest_path"]), root)
        lines.append(f'{package["name"]} = {{ path = "../{folder}" }}')
    else:
        print(package["name"])
with open(manifest, "w") as out:
    out.write("\n".join(lines) + "\n")
