#!/usr/bin/env bash
# A ResNet as torchvision builds it, with random weights, by way of ONNX to a task: the same logits by PyTorch's module, the
# executor and candle, some steps of training, and the same logits of what they made. WORKER names a worker that is built already.
#   scripts/e2e/resnet.sh              ResNet-18 on images of 64 × 64
#   scripts/e2e/resnet.sh --50         ResNet-50
#   scripts/e2e/resnet.sh [--50] --whole  on images of 224 × 224, and how long PyTorch takes for the same steps (5 GiB)
set -euo pipefail
source "$(dirname "$0")/../env.sh"
depth=18 side=64 batch=4 steps=12 stride=3 records=32
if [ "${1:-}" = --50 ]; then depth=50 && shift; fi
case "${1:-}" in
	"") ;;
	--whole) side=224 batch=8 steps=16 stride=2 records=16 ;;
	*) die "there are only --50 and --whole" ;;
esac
worker="${WORKER:-$CARGO_TARGET_DIR/release/assay-worker}"
[ -n "${WORKER:-}" ] || cargo build --release --locked --workspace --bin assay-worker
python="$(./scripts/python.sh --export)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat >"$folder/like.toml" <<TOML
compiler = 1
[task]
name = "resnet-$depth"
steps = $steps
stride = $stride
batch = $batch
seed = 1
[data]
records = $records
record_size = $((side * side * 12 + 4))
[data.fields]
pixels = { offset = 0, width = $((side * side * 3)), format = "f32" }
label = { offset = $((side * side * 12)), width = 1, format = "label_u32" }
[model]
input = "pixels"
shape = [$side, $side, 3]
[[model.layer]]
kind = "flatten"
[[model.layer]]
kind = "linear"
out = 10
[loss]
kind = "cross_entropy"
labels = "label"
[optimizer]
kind = "sgd"
lr = 0.01
momentum = 0.9
TOML
"$python" - "$folder" "$depth" "$side" "$records" <<'PYTHON'
import sys
import numpy as np
import torch
from torch import nn

folder, depth, side, records = sys.argv[1], *map(int, sys.argv[2:])
torch.manual_seed(1)


def unit(inputs, out, kernel, stride=1):
    conv = nn.Conv2d(inputs, out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out))


class Block(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        out = width if depth == 18 else 4 * width
        if depth == 18:
            units = unit(inputs, width, 3, stride), nn.ReLU(), unit(width, out, 3)
        else:
            units = unit(inputs, width, 1), nn.ReLU(), unit(width, width, 3, stride), nn.ReLU(), unit(width, out, 1)
        self.branch = nn.Sequential(*units)
        self.past = nn.Identity() if (inputs, stride) == (out, 1) else unit(inputs, out, 1, stride)

    def forward(self, x):
        return torch.relu(self.branch(x) + self.past(x))


blocks, channels = [], 64
for width, count in zip((64, 128, 256, 512), (2, 2, 2, 2) if depth == 18 else (3, 4, 6, 3)):
    for index in range(count):
        blocks.append(Block(channels, width, 2 if index == 0 and width > 64 else 1))
        channels = width if depth == 18 else 4 * width
stem = unit(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
module = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))
with torch.no_grad():
    for one in module.modules():
        if isinstance(one, nn.BatchNorm2d):
            one.running_mean.normal_(0, 0.1), one.running_var.uniform_(0.5, 1.5), one.weight.uniform_(0.5, 1.0)
module.eval()
count = sum(one.numel() for one in module.parameters())
print(f"a ResNet-{depth} of {count:,} parameters, images of {side} × {side}")
images = torch.randn(records, 3, side, side)
np.save(f"{folder}/logits.npy", torch.cat([module(some) for some in images.split(8)]).detach().numpy())
labels = np.random.default_rng(1).integers(1000, size=records, dtype="<u4")
with open(f"{folder}/images.bin", "wb") as file:
    for image, label in zip(images.permute(0, 2, 3, 1).contiguous().numpy(), labels):
        file.write(image.astype("<f4").tobytes() + label.tobytes())
batch = torch.export.Dim("batch")
torch.onnx.export(module, (images[:2],), f"{folder}/resnet.onnx", dynamic_shapes=({0: batch},), verbose=False)
PYTHON

./scripts/python.sh --run import-onnx "$folder/resnet.onnx" "$folder/made" --like "$folder/like.toml"
cd "$folder"
"$worker" compile made/task.toml --data images.bin --weights made/weights.safetensors --out task
if grep -q 'the chain refuses' task/task.json; then die "a chain would not take this task"; fi
before="$("$worker" eval made/task.toml --model made/weights.safetensors --data images.bin --logits start.safetensors --json)"
"$python" - <<'PYTHON'
import numpy as np
from safetensors.numpy import load_file

wanted, (found,) = np.load("logits.npy"), load_file("start.safetensors").values()
gap = np.abs(wanted - found.reshape(wanted.shape)).max()
print(f"logits are at most {gap:.2g} from those of PyTorch's module, of at most {np.abs(wanted).max():.3g}")
assert gap < 1e-4 * np.abs(wanted).max()
PYTHON
"$worker" train made/task.toml --data images.bin --weights made/weights.safetensors --out run
echo "seconds a step: $(field stepSeconds "$(cat run/result.json)")"
after="$("$worker" eval made/task.toml --model run/model.safetensors --data images.bin --logits end.safetensors --json)"
echo "loss before $(field loss "$before"), after $(field loss "$after"); candle's logits differ by at most" \
	"$(field largestDifference "$after") of $(field largestLogit "$after")"
number "0 < $(field loss "$after") && $(field loss "$after") < $(field loss "$before")" || die "$steps steps have taught it nothing"
cd "$ROOT"
./scripts/python.sh --run check "$folder/made/task.toml" "$folder/run/model.safetensors" "$folder/images.bin" \
	--logits "$folder/end.safetensors" --tolerance 1e-3
if [ "$side" = 224 ]; then
	for steps in 2 $steps; do
		echo "{\"manifest\": \"$folder/made/task.toml\", \"data\": \"$folder/images.bin\", \"threads\": $(nproc), \"steps\": $steps}"
	done | ./scripts/python.sh --run bench | tail -1 >"$folder/torch.json"
	seconds="$(field seconds "$(cat "$folder/torch.json")")"
	[ -n "$seconds" ] || die "PyTorch could not take the same steps: $(cat "$folder/torch.json")"
	echo "seconds a step of PyTorch: $(awk "BEGIN { print $seconds / $steps }")"
fi
