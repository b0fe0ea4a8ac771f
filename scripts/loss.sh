#!/usr/bin/env bash
# The loss that a task ends with, here and by PyTorch, over several seeds: whether ours lies in the spread of theirs.
#   scripts/loss.sh TASK.toml DATA            five seeds each, f32
#   scripts/loss.sh --paired TASK.toml DATA   PyTorch starts from the task's own weights and reads its records in the task's
#                                             own order, so that only the arithmetic differs
#   SEEDS=8 STEPS=1000 FORMS="f32 q15x3 i8"   in the environment: seeds, steps, and arithmetic of our products
# Prints `loss.WHO.SEED value` (the mean of the last tenth of the steps), then for each `loss.WHO.mean`, `.min`, `.max`
# and `.sd`, and how many standard deviations of PyTorch's runs the mean of ours is away from theirs. Paired, WHO is
# also FORM-torch: the difference, of each seed.
set -euo pipefail
source "$(dirname "$0")/env.sh"
paired=""
[ "${1:-}" != --paired ] || { paired=1; shift; }
[ $# = 2 ] || { sed -n '2,9p' "$0" | cut -c3-; exit 2; }
task=$(realpath "$1") data=$(realpath "$2") seeds=${SEEDS:-5} steps=${STEPS:-1000}
worker="$CARGO_TARGET_DIR/release/assay-worker"
./scripts/python.sh --torch >/dev/null
cargo build --release --locked --workspace --bin assay-worker
runs="$(mktemp -d)"
trap 'rm -rf "$runs"' EXIT
tail_mean() { # tail_mean FILE: of step,loss lines
	awk -F, -v steps="$steps" 'NR - 1 > steps * 0.9 { sum += $2; n++ } END { printf "%.6f\n", sum / n }' "$1"
}
start() { # start TASK OUT: the weights that it starts from
	rm -rf "$runs/compiled"
	"$worker" compile "$1" --data "$data" --out "$runs/compiled" >/dev/null
	local slots
	slots=$(grep -o '"initSlots": "0x[0-9a-f]*' "$runs/compiled/task.json" | grep -o '[0-9a-f]\{64\}')
	"$worker" export "$1" --step 0 --slots "$runs/compiled/blobs/04-$slots" --blobs "$runs/compiled/blobs" --out "$2" >/dev/null
}
for seed in $(seq "$seeds"); do
	sed -E "s/^seed = .*/seed = $seed/" "$task" >"$runs/seeded.toml"
	same=()
	[ -z "$paired" ] || { start "$runs/seeded.toml" "$runs/start.safetensors"; same=(--weights "$runs/start.safetensors" --task-order); }
	./scripts/python.sh --run train "$runs/seeded.toml" --data "$data" --seed "$seed" --steps "$steps" \
		--out "$runs/torch.csv" "${same[@]}" >&2
	theirs=$(tail_mean "$runs/torch.csv")
	echo "loss.torch.$seed $theirs"
	for form in ${FORMS:-f32}; do
		numbers="[numerics]\nforward = \"$form\"\nbackward = \"$form\"\n"
		sed -E "s/^\[loss\]/$numbers\n[loss]/" "$runs/seeded.toml" >"$runs/task.toml"
		"$worker" train "$runs/task.toml" --data "$data" --steps "$steps" --out "$runs/$form-$seed" --json >/dev/null
		ours=$(tail_mean "$runs/$form-$seed/losses.csv")
		echo "loss.$form.$seed $ours"
		[ -z "$paired" ] || awk -v a="$ours" -v b="$theirs" "BEGIN { printf \"loss.$form-torch.$seed %+.6f\n\", a - b }"
	done
done | tee "$runs/all"
awk '{ split($1, name, "."); who = name[2]; n[who]++; sum[who] += $2; square[who] += $2 * $2
	if (n[who] == 1 || $2 < low[who]) low[who] = $2; if (n[who] == 1 || $2 > high[who]) high[who] = $2 }
	END { for (who in n) { mean[who] = sum[who] / n[who]
			sd[who] = n[who] > 1 ? sqrt((square[who] - n[who] * mean[who] ^ 2) / (n[who] - 1)) : 0
			printf "loss.%s.mean %.6f\nloss.%s.min %.6f\nloss.%s.max %.6f\nloss.%s.sd %.6f\n", \
				who, mean[who], who, low[who], who, high[who], who, sd[who] }
		for (who in n) if (who !~ "torch" && sd["torch"] > 0)
			printf "loss.%s/torch %+.2f sd\n", who, (mean[who] - mean["torch"]) / sd["torch"] }' "$runs/all"
