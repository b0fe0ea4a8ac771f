"""Counts what became of the mutants of one area, and says which survivors nobody has accepted.

usage: report.py ROOT AREA whole|part|survivors FOLDER

FOLDER holds runs of cargo-mutants, in the order of their names; the later outcome of a mutant counts. A whole run must
also need every entry of the list of accepted survivors that its files have. With survivors it only names those of the
last run, and those that never ended: they may only be slow.
"""

import json
import os
import re
import sys

LEAST = 95.0
root, area, extent, folder = sys.argv[1:]


def outcomes():
    """The last outcome of each mutant, by its name, and the files that were mutated."""
    last = {}
    runs = sorted(os.listdir(folder)) if os.path.isdir(folder) else []  # Named by the time.
    for run in runs[-1:] if extent == "survivors" else runs:
        out = os.path.join(folder, run, "mutants.out")
        path = os.path.join(out, "outcomes.json")
        if not os.path.exists(path):
            continue
        for outcome in json.load(open(path))["outcomes"]:
            if isinstance(outcome["scenario"], dict):
                mutant = outcome["scenario"]["Mutant"]
                last[mutant["name"]] = (mutant, kind(outcome, os.path.join(out, outcome["log_path"])))
    return last


def kind(outcome, log):
    """nextest ends a test that never ends, which is a failure to cargo-mutants."""
    summary = outcome["summary"]
    if summary == "CaughtMutant" and os.path.exists(log):
        text = open(log, errors="replace").read()
        if re.search(r"^ *TIMEOUT \[", text, re.M) and not re.search(r"^ *(FAIL|SIG[A-Z]+|ABORT) \[", text, re.M):
            return "Timeout"
    return summary


def entry(mutant):
    """How the list of accepted survivors names a mutant: without numbers of lines, which change, by the line itself."""
    what = re.sub(r"^(\S+?):\d+:\d+: ", r"\1: ", mutant["name"])
    start, end = mutant["span"]["start"], mutant["span"]["end"]
    if start["line"] != end["line"]:
        return what, ""
    line = open(os.path.join(root, mutant["file"])).read().split("\n")[start["line"] - 1]
    first, last = start["column"] - 1, end["column"] - 1
    return what, (line[:first] + "{{" + line[first:last] + "}}" + line[last:]).strip()


def accepted():
    """Entries of the list: what, at which line; each with a reason."""
    entries, key = {}, None
    for line in open(os.path.join(root, "scripts/mutants/accepted.txt")):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        if line.startswith("  at  "):
            key = (key[0], line[6:].strip())
        elif line.startswith("  why "):
            entries[key] = line[6:].strip()
        elif line.startswith(" "):
            sys.exit(f"accepted.txt: {line}")
        else:
            key = (line, "")
    return entries


if extent == "survivors":
    print("\n".join(mutant["name"] for mutant, summary in outcomes().values() if summary in ("MissedMutant", "Timeout")))
    sys.exit()
counts = dict.fromkeys(["CaughtMutant", "MissedMutant", "Unviable", "Timeout"], 0)
known, strangers, needed, files = accepted(), [], set(), set()
for mutant, summary in outcomes().values():
    if summary not in counts:
        sys.exit(f"{mutant['name']}: {summary}")
    counts[summary] += 1
    files.add(mutant["file"])
    if summary == "MissedMutant":
        key = entry(mutant)
        needed.add(key)
        if not known.get(key):
            strangers.append((mutant["name"], key))
for name, (what, at) in strangers:
    print(f"\nSURVIVOR {name}\n{what}" + (f"\n  at  {at}" if at else "") + "\n  why ")
stale = [key for key in known if key not in needed and key[0].split(": ")[0] in files] if extent == "whole" else []
for what, at in stale:
    print(f"\nNO LONGER SURVIVES {what} at {at or 'its function'}")
killed = counts["CaughtMutant"] + counts["Timeout"]
tried = killed + counts["MissedMutant"]
share = 100 * killed / tried if tried else 0.0
print(
    f"MUTANTS area={area} mutants={sum(counts.values())} caught={counts['CaughtMutant']} missed={counts['MissedMutant']}"
    f" unviable={counts['Unviable']} timeout={counts['Timeout']} killed={share:.1f}%"
)
sys.exit(0 if share >= LEAST and not strangers and not stale else 1)
