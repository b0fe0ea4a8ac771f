#!/bin/sh
# Runs everything and keeps what it prints: ./check.sh [--exhaustive]. Exit code 3: no NVIDIA driver.
cd "$(dirname "$0")" || exit 1
{ date -u; uname -srm; nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,power.limit --format=csv 2>&1; } >machine.txt
{ ./assay-gpu-check "$@" && ./train.sh . 1000 && ./train.sh . 50 gpt-shakespeare; } >results.txt 2>errors.txt
code=$?
cat results.txt
cat errors.txt >&2
echo "exit code $code; send machine.txt, results.txt and errors.txt back" >&2
exit $code
