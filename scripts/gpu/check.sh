#!/bin/sh
# Runs everything and keeps what it prints: ./check.sh [--exhaustive]. Exit code 1: something differs or failed; what comes
# after it was done all the same. Exit code 3: no NVIDIA driver, or no device for the kernels.
cd "$(dirname "$0")" || exit 1
{ date -u; uname -srm; nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,power.limit --format=csv 2>&1; } >machine.txt
{
	./assay-gpu-check "$@"
	code=$?
	# Each training is a process of its own: whatever happened to the one before, this one has a device.
	if [ "$code" -ne 2 ] && [ "$code" -ne 3 ]; then
		./train.sh . 1000 || code=1
		./train.sh . 50 gpt-shakespeare || code=1
	fi
} >results.txt 2>errors.txt
cat results.txt
cat errors.txt >&2
echo "exit code $code; send machine.txt, results.txt and errors.txt back" >&2
exit $code
