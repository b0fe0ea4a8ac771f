"""Small networks that together have every kind of layer with every key."""

TASK = """compiler = 1
[task]
name = "case"
steps = 10
stride = 5
batch = 4
seed = 1
[loss]
kind = "cross_entropy"
labels = "label"
[optimizer]
kind = "sgd"
lr = 0.1
"""

TOKENS = 'x = { offset = 0, width = 6, format = "token_u8" }'
FEATURES = 'x = { offset = 0, width = 12, format = "u8", scale = 0.01, shift = -1.0 }'
FLOATS = 'x = { offset = 0, width = 12, format = "f32" }'
IMAGE = 'x = { offset = 0, width = 84, format = "u8", scale = 0.0078125, shift = -1.0 }'
LABEL = 'label = { offset = 400, width = 1, format = "label_u8" }'
LABELS = 'label = { offset = 400, width = 6, format = "label_u8" }'


def manifest(field, shape, layers, label=LABEL):
    """A manifest with these layers, written as TOML after `[[model.layer]]`."""
    body = "".join(f"\n[[model.layer]]\n{one}\n" for one in layers)
    data = f"[data]\nrecords = 20\nrecord_size = 406\n[data.fields]\n{field}\n{label}\n"
    return f'{TASK}{data}[model]\ninput = "x"\nshape = {shape}\n{body}'


EMBEDDING = 'kind = "embedding"\nvocab = 256\nout = 8'
MEAN = 'kind = "pool"\ntake = "mean"'
HEAD = 'kind = "linear"\nout = 5'


def sequence(*layers):
    return manifest(TOKENS, [6], [EMBEDDING, *layers, MEAN, HEAD])


def image(*layers):
    return manifest(IMAGE, [7, 4, 3], [*layers, 'kind = "flatten"', HEAD])


def features(*layers):
    return manifest(FEATURES, [12], [*layers, HEAD])


LORA = "lora = { rank = 2, alpha = 3.0 }"
SKIP = """kind = "residual"
[[model.layer.layer]]
kind = "conv2d"
out = 5
kernel = 3
stride = 2
pad = 1
[[model.layer.layer]]
kind = "relu"
[[model.layer.skip]]
kind = "conv2d"
out = 5
kernel = 1
stride = 2
bias = false"""
TABLES = """kind = "residual"
[[model.layer.layer]]
kind = "embedding"
vocab = 256
out = 8
[[model.layer.skip]]
kind = "embedding"
vocab = 256
out = 8"""
BLOCKS = """kind = "repeat"
times = 2
frozen = true
[[model.layer.layer]]
kind = "residual"
[[model.layer.layer.layer]]
kind = "layer_norm"
[[model.layer.layer.layer]]
kind = "attention"
heads = 2
[[model.layer.layer]]
kind = "residual"
[[model.layer.layer.layer]]
kind = "swiglu"
hidden = 10"""
#: Of the angles of a head of 8, some are as they would be, some are slower.
SCALED = (
    'rope = 50\nrope_scaling = { kind = "llama3", factor = 4, low_freq_factor = 1, '
    "high_freq_factor = 3.5, original_max_position_embeddings = 16 }"
)

CASES = {
    "linear": features(),
    "linear without bias": features('kind = "linear"\nout = 7\nbias = false'),
    "linear with std": features('kind = "linear"\nout = 7\nstd = 0.3'),
    "linear with lora": features(f'kind = "linear"\nout = 7\n{LORA}'),
    "frozen linear": features('kind = "linear"\nout = 7\nfrozen = true'),
    "floats": manifest(FLOATS, [12], [HEAD]),
    "vectors": manifest(FLOATS, [3, 4], ['kind = "linear"\nout = 6', 'kind = "flatten"', HEAD]),
    **{kind: features(f'kind = "{kind}"') for kind in ("relu", "gelu", "silu", "tanh", "sigmoid")},
    "gelu by tanh": features('kind = "gelu"\napproximate = "tanh"'),
    "leaky_relu": features('kind = "leaky_relu"\nnegative_slope = 0.2'),
    "elu": features('kind = "elu"\nalpha = 0.5'),
    "relu6": features('kind = "relu6"'),
    "hardswish": features('kind = "hardswish"'),
    "dropout": features('kind = "dropout"\np = 0.25'),
    "conv2d": image('kind = "conv2d"\nout = 6\nkernel = 3\npad = 1'),
    "conv2d with pairs": image(
        'kind = "conv2d"\nout = 6\nkernel = [3, 2]\nstride = [2, 1]\npad = [0, 1]\nbias = false'
    ),
    "conv2d in groups": image('kind = "conv2d"\nout = 6\nkernel = 3\ngroups = 3\nstd = 0.4'),
    "pixels": manifest(
        IMAGE, [7, 4, 3], ['kind = "conv2d"\nout = 8\nkernel = 2', 'kind = "sequence"', MEAN, HEAD]
    ),
    "max_pool": image('kind = "max_pool"\nkernel = 2'),
    "max_pool with stride": image('kind = "max_pool"\nkernel = [3, 2]\nstride = [1, 2]'),
    "max_pool with padding": image('kind = "max_pool"\nkernel = 3\nstride = 2\npad = 1'),
    "avg_pool with padding": image('kind = "avg_pool"\nkernel = [2, 4]\nstride = 1\npad = [1, 2]'),
    "avg_pool": image('kind = "avg_pool"\nkernel = 2'),
    "avg_pool with stride": image('kind = "avg_pool"\nkernel = [2, 3]\nstride = 1'),
    "layer_norm of pixels": image('kind = "layer_norm"\neps = 0.01'),
    "rms_norm of pixels": image('kind = "rms_norm"'),
    "layer_norm of features": features('kind = "layer_norm"\nbias = false'),
    "swiglu of features": features('kind = "swiglu"\nhidden = 9\nbias = false'),
    "residual with skip": image(SKIP),
    "embedding": sequence(),
    "pool first": manifest(TOKENS, [6], [EMBEDDING, 'kind = "pool"\ntake = "first"', HEAD]),
    "pool last": manifest(TOKENS, [6], [EMBEDDING, 'kind = "pool"\ntake = "last"', HEAD]),
    "position": sequence('kind = "position"'),
    "layer_norm": sequence('kind = "layer_norm"'),
    "rms_norm": sequence('kind = "rms_norm"\neps = 0.001'),
    "attention": sequence('kind = "attention"\nheads = 2'),
    "causal attention": sequence('kind = "attention"\nheads = 4\ncausal = true\nbias = false'),
    "rotary attention": sequence('kind = "attention"\nheads = 2\nrope = 10000\ncausal = true'),
    "grouped attention": sequence('kind = "attention"\nheads = 4\nkv_heads = 2\nrope = 10000'),
    "attention of one key": sequence(
        f'kind = "attention"\nheads = 4\nkv_heads = 1\ncausal = true\n{LORA}'
    ),
    "attention with wide heads": sequence(
        'kind = "attention"\nheads = 4\nkv_heads = 2\nhead_dim = 8\nqk_norm = 0.001\nrope = 100'
    ),
    "attention with norms and lora": sequence(
        f'kind = "attention"\nheads = 2\nqk_norm = 0.001\nbias = false\n{LORA}'
    ),
    "rotary attention, scaled": sequence(
        'kind = "attention"\nheads = 2\nrope = 50\nrope_scaling = { kind = "linear", factor = 3 }'
    ),
    "rotary attention, scaled by parts": sequence(f'kind = "attention"\nheads = 2\n{SCALED}'),
    "attention with lora": sequence(f'kind = "attention"\nheads = 2\n{LORA}'),
    "frozen attention with lora": sequence(f'kind = "attention"\nheads = 2\nfrozen = true\n{LORA}'),
    "geglu": sequence('kind = "geglu"\nhidden = 12\nstd = 0.2'),
    "geglu of features by tanh": features(
        'kind = "geglu"\nhidden = 9\nbias = false\napproximate = "tanh"'
    ),
    "attention that turns in part": sequence(
        'kind = "attention"\nheads = 2\nhead_dim = 8\nrope = 50\nrope_dims = 4\ncausal = true'
    ),
    "swiglu": sequence('kind = "swiglu"\nhidden = 12\nstd = 0.2'),
    "repeat": sequence(BLOCKS),
    "tied_linear": manifest(TOKENS, [6], [EMBEDDING, 'kind = "tied_linear"'], LABELS),
    "tied_linear of the first table": manifest(
        TOKENS, [6], [TABLES, 'kind = "tied_linear"'], LABELS
    ),
}
