"""The layers in numpy, `float64`, written from the formulas of the manifest and not from torch.

Images are `batch × height × width × channels`, as records have them.
"""

import math

import numpy as np

erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "silu": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu6": lambda x: np.clip(x, 0, 6),
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "dropout": lambda x: x,
}


def scaled(step, scaling):
    """The angle per position, by the length of a round, as Llama's own code has it."""
    if scaling is None:
        return step
    if scaling["kind"] == "linear":
        return step / scaling["factor"]
    original, round_ = scaling["original_max_position_embeddings"], 2 * math.pi / step
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    if round_ < original / high:
        return step
    if round_ > original / low:
        return step / scaling["factor"]
    smooth = (original / round_ - low) / (high - low)
    return (1 - smooth) * step / scaling["factor"] + smooth * step


class Network:
    """Evaluates raw layers of a manifest with named parameters."""

    def __init__(self, parameters, seen=None):
        #: `batch × length`, false for padding, which attention and means do not look at.
        self.seen = seen
        self.parameters = {name: value.astype(np.float64) for name, value in parameters.items()}
        self.used = set()
        self.table = None

    def take(self, name):
        self.used.add(name)
        return self.parameters[name]

    def stack(self, layers, x, path=""):
        for index, layer in enumerate(layers):
            x = self.layer(layer, x, f"{path}{index}")
        return x

    def layer(self, layer, x, path):
        kind = layer["kind"]
        if kind in FUNCTIONS and "approximate" not in layer:
            return FUNCTIONS[kind](x)
        return getattr(self, kind)(layer, x, path)

    def product(self, x, path, layer, lora=None):
        y = x @ self.take(f"{path}.weight").T
        if layer.get("bias", True):
            y = y + self.take(f"{path}.bias")
        if lora:
            down, up = self.take(f"{path}.lora_A.weight"), self.take(f"{path}.lora_B.weight")
            y = y + (x @ down.T) @ up.T * (lora["alpha"] / lora["rank"])
        return y

    def gelu(self, layer, x, path):
        if layer["approximate"] == "none":
            return FUNCTIONS["gelu"](x)
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    def leaky_relu(self, layer, x, path):
        return np.where(x > 0, x, x * layer.get("negative_slope", 0.01))

    def elu(self, layer, x, path):
        return np.where(x > 0, x, layer.get("alpha", 1.0) * np.expm1(np.minimum(x, 0)))

    def linear(self, layer, x, path):
        return self.product(x, path, layer, layer.get("lora"))

    def tied_linear(self, layer, x, path):
        return x @ self.table.T

    def embedding(self, layer, x, path):
        table = self.take(f"{path}.weight")
        if self.table is None:
            self.table = table
        return table[x]

    def position(self, layer, x, path):
        return x + self.take(f"{path}.weight")

    def layer_norm(self, layer, x, path):
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred**2).mean(-1, keepdims=True)
        y = centred / np.sqrt(variance + layer.get("eps", 1e-5)) * self.take(f"{path}.weight")
        return y + self.take(f"{path}.bias") if layer.get("bias", True) else y

    def rms_norm(self, layer, x, path):
        square = (x**2).mean(-1, keepdims=True)
        return x / np.sqrt(square + layer.get("eps", 1e-5)) * self.take(f"{path}.weight")

    def attention(self, layer, x, path):
        heads, lora = layer["heads"], layer.get("lora")
        batch, length, features = x.shape
        width = layer.get("head_dim", features // heads)

        def split(y):
            return y.reshape(batch, length, -1, width).swapaxes(1, 2)

        q = split(self.product(x, f"{path}.q", layer, lora))
        k = split(self.product(x, f"{path}.k", layer))
        v = split(self.product(x, f"{path}.v", layer, lora))
        if "qk_norm" in layer:
            normed = {"eps": layer["qk_norm"]}
            q = self.rms_norm(normed, q, f"{path}.q_norm")
            k = self.rms_norm(normed, k, f"{path}.k_norm")
        if "rope" in layer:
            q, k = (self.turn(y, layer) for y in (q, k))
        # Head h of the queries looks at the one that is at h · kv_heads / heads of the others.
        looked_at = np.arange(heads) * layer.get("kv_heads", heads) // heads
        k, v = k[:, looked_at], v[:, looked_at]
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(width)
        if layer.get("causal", False):
            scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
        if self.seen is not None:
            scores = np.where(self.seen[:, None, None, :], scores, -np.inf)
        context = (softmax(scores) @ v).swapaxes(1, 2).reshape(batch, length, -1)
        return self.product(context, f"{path}.o", layer)

    @staticmethod
    def turn(x, layer):
        """Columns `i` and `i + width / 2` as complex numbers that turn with the position."""
        length, width = x.shape[-2:]
        half, dims, scaling = width // 2, layer.get("rope_dims", width), layer.get("rope_scaling")
        steps = float(layer["rope"]) ** (-2 * np.arange(dims // 2) / dims)
        steps = [*(scaled(step, scaling) for step in steps), *[0] * (half - dims // 2)]
        angle = np.outer(np.arange(length), steps)
        turned = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angle)
        return np.concatenate([turned.real, turned.imag], -1)

    def swiglu(self, layer, x, path):
        return self.gated(layer, x, path, FUNCTIONS["silu"])

    def geglu(self, layer, x, path):
        option = {"approximate": layer.get("approximate", "none")}
        return self.gated(layer, x, path, lambda gate: self.gelu(option, gate, path))

    def gated(self, layer, x, path, function):
        gate = function(self.product(x, f"{path}.gate", layer))
        return self.product(gate * self.product(x, f"{path}.up", layer), f"{path}.down", layer)

    def pool(self, layer, x, path):
        if layer["take"] != "mean":
            return x[:, {"first": 0, "last": -1}[layer["take"]]]
        return x.mean(1, where=True if self.seen is None else self.seen[:, :, None])

    def flatten(self, layer, x, path):
        channels_first = np.moveaxis(x, -1, 1) if x.ndim == 4 else x
        return channels_first.reshape(len(x), -1)

    def windows(self, layer, x, stride=None, outside=0):
        """`batch × rows × cols × kernel_h × kernel_w × channels`."""
        pairs = [
            (v, v) if isinstance(v, int) else tuple(v)
            for v in (layer["kernel"], layer.get("stride", stride), layer.get("pad", 0))
        ]
        (kh, kw), (sh, sw), (ph, pw) = pairs
        x = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)), constant_values=outside)
        rows, cols = (x.shape[1] - kh) // sh + 1, (x.shape[2] - kw) // sw + 1
        made = np.empty((len(x), rows, cols, kh, kw, x.shape[3]))
        for row in range(rows):
            for col in range(cols):
                made[:, row, col] = x[:, row * sh : row * sh + kh, col * sw : col * sw + kw]
        return made

    def conv2d(self, layer, x, path):
        weight = self.take(f"{path}.weight")
        groups = layer.get("groups", 1)
        each = len(weight) // groups
        seen = np.split(self.windows(layer, x, stride=1), groups, axis=-1)
        parts = [
            np.einsum("brcijk,okij->brco", one, weight[group * each : (group + 1) * each])
            for group, one in enumerate(seen)
        ]
        y = np.concatenate(parts, -1)
        return y + self.take(f"{path}.bias") if layer.get("bias", True) else y

    def sequence(self, layer, x, path):
        return x.reshape(len(x), -1, x.shape[-1])

    def max_pool(self, layer, x, path):
        return self.windows(layer, x, layer["kernel"], -np.inf).max((3, 4))

    def avg_pool(self, layer, x, path):
        return self.windows(layer, x, stride=layer["kernel"]).mean((3, 4))

    def residual(self, layer, x, path):
        branch = self.stack(layer["layer"], x, f"{path}.")
        return branch + self.stack(layer.get("skip", []), x, f"{path}.skip.")

    def repeat(self, layer, x, path):
        for time in range(layer["times"]):
            x = self.stack(layer["layer"], x, f"{path}.{time}.")
        return x
