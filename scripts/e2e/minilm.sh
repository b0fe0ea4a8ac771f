#!/usr/bin/env bash
# MiniLM from its checkpoint to a trained model and back: its records, its manifest with adapters, the task, a training of a
# few steps, the model out of the artefact that a claim names, and the same logits from that model by the executor, by candle
# and by PyTorch. What is frozen must not have changed by a bit. WORKER names a worker that is built already.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
worker="${WORKER:-$CARGO_TARGET_DIR/release/assay-worker}"
[ -n "${WORKER:-}" ] || cargo build --release --locked --workspace --bin assay-worker
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
example=ml-runtime/compiler/examples/minilm-lora.toml

./scripts/data.sh minilm "$folder"
./scripts/python.sh --run bert "$folder/checkpoint" --like "$example" --classes 3 --rank 8 --alpha 16 \
	--weights "$folder/start.safetensors" >"$folder/minilm-lora.toml"
grep -v '^#' "$example" | cmp - "$folder/minilm-lora.toml" || die "the example is not what the checkpoint is imported as"

cd "$folder"
sed -E '/^\[task\]/,/^\[data\]/{ s/^steps = .*/steps = 12/; s/^stride = .*/stride = 4/; s/^batch = .*/batch = 8/ }; s/^warmup = .*/warmup = 2/' \
	minilm-lora.toml >task.toml
head -c $((321 * 48)) test.bin >some.bin
"$worker" compile task.toml --data train.bin --weights start.safetensors --out task
"$worker" train task.toml --data train.bin --weights start.safetensors --out run
start="$(field initRoot "$(cat task/task.json)")"
[[ $start == 0x* ]] && grep -q "$start" run/result.json || die "the training did not start from the task's state"
slots="$(grep -oE '04-[0-9a-f]{64}' run/result.json | head -1)"
"$worker" export task.toml --step 12 --slots "run/blobs/$slots" --blobs run/blobs --out exported.safetensors
cmp exported.safetensors run/model.safetensors

before="$("$worker" eval task.toml --model start.safetensors --data some.bin --json)"
after="$("$worker" eval task.toml --model exported.safetensors --data some.bin --logits logits.safetensors --json)"
echo "loss before $(field loss "$before"), after $(field loss "$after")"
number "$(field loss "$after") < $(field loss "$before")" || die "12 steps have taught it nothing"
"$ROOT/scripts/python.sh" --run check "$folder/task.toml" "$folder/exported.safetensors" "$folder/some.bin" \
	--logits "$folder/logits.safetensors" --tolerance 1e-4
"$("$ROOT/scripts/python.sh")" - <<'PYTHON'
from safetensors.numpy import load_file

start, end = load_file("start.safetensors"), load_file("exported.safetensors")
changed = {name for name in start if start[name].tobytes() != end[name].tobytes()}
learns = {name for name in start if "lora" in name or name.startswith("5.")}
assert start.keys() == end.keys() and changed == learns, changed ^ learns
print(f"{len(changed)} tensors have learned, {len(start) - len(changed)} are as they were")
PYTHON
