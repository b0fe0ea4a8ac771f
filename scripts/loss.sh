#!/usr/bin/env bash
# The loss that a task ends with, here and by PyTorch, over several seeds: whether ours lies in the spread of theirs.
#   scripts/loss.sh TASK.toml DATA            five seeds each, f32
#   SEEDS=8 STEPS=1000 FORMS="f32 q15x3 i8"   in the environment: seeds, steps, and arithmetic of our products
# Prints `loss.WHO.SEED value` (the mean of the last tenth of the steps), then for each `loss.WHO.mean`, `.min`, `.max`
# and `.sd`, and how many standard deviations of PyTorch's runs the mean of ours is away from theirs.
set -euo pipefail
source "$(dirname "$0")/env.sh"
[ $# = 2 ] || { sed -n '2,6p' "$0" | cut -c3-; exit 2; }
task=$(realpath "$1") data=$(realpath "$2") seeds=${SEEDS:-5} steps=${STEPS:-1000}
./scripts/python.sh --torch >/dev/null
cargo build --release --locked --workspace --bin assay-worker
runs="$(mktemp -d)"
trap 'rm -rf "$runs"' EXIT
tail_mean() { # tail_mean WHO SEED FILE: of step,loss lines
	awk -F, -v steps="$steps" -v who="$1" -v seed="$2" \
		'NR - 1 > steps * 0.9 { sum += $2; n++ } END { printf "loss.%s.%d %.6f\n", who, seed, sum / n }' "$3"
}
for seed in $(seq "$seeds"); do
	./scripts/python.sh --run train "$task" --data "$data" --seed "$seed" --steps "$steps" \
		--out "$runs/torch.csv" >&2
	tail_mean torch "$seed" "$runs/torch.csv"
	for form in ${FORMS:-f32}; do
		numbers="[numerics]\nforward = \"$form\"\nbackward = \"$form\"\n"
		sed -E "s/^seed = .*/seed = $seed/; s/^\[loss\]/$numbers\n[loss]/" "$task" >"$runs/task.toml"
		"$CARGO_TARGET_DIR/release/assay-worker" train "$runs/task.toml" --data "$data" \
			--steps "$steps" --out "$runs/$form-$seed" --json >/dev/null
		tail_mean "$form" "$seed" "$runs/$form-$seed/losses.csv"
	done
done | tee "$runs/all"
awk '{ split($1, name, "."); who = name[2]; n[who]++; sum[who] += $2; square[who] += $2 * $2
	if (n[who] == 1 || $2 < low[who]) low[who] = $2; if (n[who] == 1 || $2 > high[who]) high[who] = $2 }
	END { for (who in n) { mean[who] = sum[who] / n[who]
			sd[who] = n[who] > 1 ? sqrt((square[who] - n[who] * mean[who] ^ 2) / (n[who] - 1)) : 0
			printf "loss.%s.mean %.6f\nloss.%s.min %.6f\nloss.%s.max %.6f\nloss.%s.sd %.6f\n", \
				who, mean[who], who, low[who], who, high[who], who, sd[who] }
		for (who in n) if (who != "torch" && sd["torch"] > 0)
			printf "loss.%s/torch %+.2f sd\n", who, (mean[who] - mean["torch"]) / sd["torch"] }' "$runs/all"
