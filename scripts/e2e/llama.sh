#!/usr/bin/env bash
# A checkpoint built like Llama or Qwen3, with random weights, to a task with adapters, a trained model and back: the same logits
# by the executor, by candle and by PyTorch, what is frozen as it was, and the adapters alone for PEFT. WORKER names a worker that
# is built already.
#   scripts/e2e/llama.sh                  a Llama of 4 layers
#   scripts/e2e/llama.sh --whole          one with the shape of SmolLM-135M: 30 layers, 134,515,008 parameters (minutes, 6 GiB)
#   scripts/e2e/llama.sh --qwen3          a Qwen3 of 3 layers, with the scaled positions of Llama 3
#   scripts/e2e/llama.sh --qwen3 --whole  one with the shape of Qwen3-0.6B: 28 layers, 596,049,920 parameters (minutes, 14 GiB)
set -euo pipefail
source "$(dirname "$0")/../env.sh"
kind=llama
if [ "${1:-}" = --qwen3 ]; then kind=qwen3 && shift; fi
case "$kind ${1:-}" in
	"llama ") shape='hidden_size=96 intermediate_size=160 num_hidden_layers=4 num_attention_heads=6 num_key_value_heads=2 vocab_size=512' ;;
	"llama --whole") shape='hidden_size=576 intermediate_size=1536 num_hidden_layers=30 num_attention_heads=9 num_key_value_heads=3 vocab_size=49152' ;;
	"qwen3 ") shape='hidden_size=96 intermediate_size=160 num_hidden_layers=3 num_attention_heads=4 num_key_value_heads=2 head_dim=32 vocab_size=512' ;;
	"qwen3 --whole") shape='hidden_size=1024 intermediate_size=3072 num_hidden_layers=28 num_attention_heads=16 num_key_value_heads=8 head_dim=128 vocab_size=151936' ;;
	*) die "there are only --qwen3 and --whole" ;;
esac
case "${1:-}" in
	"") length=32 batch=4 steps=12 stride=3 records=256 ;;
	*) length=128 batch=2 steps=3 stride=1 records=64 ;; # a longer stride could not be replayed within the clock of a dispute
esac
worker="${WORKER:-$CARGO_TARGET_DIR/release/assay-worker}"
[ -n "${WORKER:-}" ] || cargo build --release --locked --workspace --bin assay-worker
python="$(./scripts/python.sh --torch)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

PYTHONPATH=ml-runtime/python:ml-runtime/python/tests "$python" - "$folder/original" "$kind" "$shape" <<'PYTHON'
import json, pathlib, sys
from safetensors.torch import save_file
from test_llama import LLAMA3, checkpoint

folder, kind, shape = pathlib.Path(sys.argv[1]), sys.argv[2], dict(one.split("=") for one in sys.argv[3].split())
config = {"model_type": kind, "rms_norm_eps": 1e-5, "tie_word_embeddings": True, **{key: int(one) for key, one in shape.items()}}
if kind == "qwen3":
    config["rope_scaling"] = LLAMA3["rope_scaling"]
folder.mkdir()
(folder / "config.json").write_text(json.dumps(config))
# Small enough for a network of thirty layers to say something.
made = checkpoint(config)
for name in made:
    made[name] = (made[name] if "norm" in name else made[name].mul_(0.1)).bfloat16()
save_file(made, folder / "model.safetensors")
print(f"a checkpoint of {sum(one.numel() for one in made.values()):,} parameters")
PYTHON

cat >"$folder/like.toml" <<TOML
compiler = 1
[task]
name = "llama"
steps = $steps
stride = $stride
batch = $batch
seed = 1
[data]
records = $records
record_size = $((length + 1))
[data.fields]
tokens = { offset = 0, width = $length, format = "token_u8" }
next = { offset = 1, width = $length, format = "label_u8" }
[model]
input = "tokens"
shape = [$length]
[[model.layer]]
kind = "embedding"
vocab = 256
out = 4
[[model.layer]]
kind = "tied_linear"
[loss]
kind = "cross_entropy"
labels = "next"
[optimizer]
kind = "adamw"
lr = 0.01
beta1 = 0.9
beta2 = 0.999
eps = 1e-8
weight_decay = 0.0
clip = 1.0
TOML
size=$((records * (length + 1)))
for _ in $(seq $((size / $(wc -c <LICENSE) + 1))); do cat LICENSE; done | head -c "$size" >"$folder/text.bin"
./scripts/python.sh --run llama "$folder/original" --like "$folder/like.toml" --rank 8 --alpha 16 \
	--weights "$folder/start.safetensors" >"$folder/task.toml"

cd "$folder"
head -c $((8 * (length + 1))) text.bin >some.bin
"$worker" compile task.toml --data text.bin --weights start.safetensors --out task
if grep -q 'the chain refuses' task/task.json; then die "a chain would not take this task"; fi
"$worker" train task.toml --data text.bin --weights start.safetensors --out run
echo "seconds a step: $(field stepSeconds "$(cat run/result.json)")"
before="$("$worker" eval task.toml --model start.safetensors --data some.bin --json)"
after="$("$worker" eval task.toml --model run/model.safetensors --data some.bin --logits logits.safetensors --json)"
echo "loss before $(field loss "$before"), after $(field loss "$after"); candle's logits differ by at most" \
	"$(field largestDifference "$after") of $(field largestLogit "$after")"
number "$(field loss "$after") < $(field loss "$before")" || die "$steps steps have taught it nothing"
cd "$ROOT"
./scripts/python.sh --run check "$folder/task.toml" "$folder/run/model.safetensors" "$folder/some.bin" \
	--logits "$folder/logits.safetensors" --tolerance 1e-4
./scripts/python.sh --run export-llama "$folder/task.toml" "$folder/run/model.safetensors" "$folder/adapters" --base "$folder/original"
"$python" - "$folder" <<'PYTHON'
import pathlib, sys
from safetensors.numpy import load_file

folder = pathlib.Path(sys.argv[1])
start, end = load_file(folder / "start.safetensors"), load_file(folder / "run/model.safetensors")
changed = {name for name in start if start[name].tobytes() != end[name].tobytes()}
assert start.keys() == end.keys() and changed == {name for name in start if "lora" in name}, changed
alone = load_file(folder / "adapters/adapter_model.safetensors")
learned = sorted(end[name].tobytes() for name in changed)
assert sorted(one.tobytes() for one in alone.values()) == learned
print(f"{len(changed)} tensors have learned, {len(start) - len(changed)} are as they were")
PYTHON
