"""Layers as a manifest holds them: kinds, keys, defaults. The compiler is the judge of ranges."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import ManifestError

REQUIRED = object()

#: Keys of each kind with their defaults. `kernel`, `stride` and `pad` are pairs.
KINDS: dict[str, dict[str, Any]] = {
    "linear": {"out": REQUIRED, "bias": True, "lora": None},
    "tied_linear": {},
    "conv2d": {
        "out": REQUIRED,
        "kernel": REQUIRED,
        "stride": (1, 1),
        "pad": (0, 0),
        "groups": 1,
        "bias": True,
    },
    "relu": {},
    "gelu": {"approximate": "none"},
    "leaky_relu": {"negative_slope": 0.01},
    "elu": {"alpha": 1.0},
    "relu6": {},
    "hardswish": {},
    "silu": {},
    "tanh": {},
    "sigmoid": {},
    "max_pool": {"kernel": REQUIRED, "stride": None, "pad": (0, 0)},
    "avg_pool": {"kernel": REQUIRED, "stride": None, "pad": (0, 0)},
    "sequence": {},
    "flatten": {},
    "dropout": {"p": REQUIRED},
    "embedding": {"vocab": REQUIRED, "out": REQUIRED},
    "position": {},
    "layer_norm": {"eps": 1e-5, "bias": True},
    "rms_norm": {"eps": 1e-5},
    "attention": {
        "heads": REQUIRED,
        "kv_heads": None,
        "head_dim": None,
        "causal": False,
        "rope": None,
        "rope_dims": None,
        "rope_scaling": None,
        "qk_norm": None,
        "bias": True,
        "lora": None,
    },
    "swiglu": {"hidden": REQUIRED, "bias": True},
    "geglu": {"hidden": REQUIRED, "bias": True, "approximate": "none"},
    "pool": {"take": REQUIRED},
    "residual": {},
    "repeat": {"times": REQUIRED},
}
CONTAINERS = ("residual", "repeat")
#: Kinds with weights or tables, which take `std`.
DRAWN = ("linear", "conv2d", "embedding", "position", "attention", "swiglu", "geglu")
LEARNERS = (*DRAWN, "layer_norm", "rms_norm")
PAIRS = ("kernel", "stride", "pad")
FLOATS = ("eps", "p", "negative_slope", "alpha")


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters: `((x · Aᵀ) · Bᵀ) · (alpha / rank)` is added to a frozen product."""

    rank: int
    alpha: float


@dataclass(frozen=True)
class RopeScaling:
    """What makes rotary positions turn more slowly, by the names of HuggingFace's configurations.

    `linear` divides all turns by `factor`. `llama3` divides those of which the
    `original_max_position_embeddings` see less than `low_freq_factor` rounds, leaves those of which
    they see more than `high_freq_factor`, and goes in a straight line between them.
    """

    kind: str
    factor: float
    low_freq_factor: float | None = None
    high_freq_factor: float | None = None
    original_max_position_embeddings: int | None = None

    def __post_init__(self) -> None:
        """Raises `ManifestError` unless it is a known kind with the numbers that it needs."""
        rest = (
            self.low_freq_factor,
            self.high_freq_factor,
            self.original_max_position_embeddings,
        )
        if self.kind not in ("linear", "llama3"):
            raise ManifestError(f"there is no scaling {self.kind!r}; known: linear, llama3")
        if any((number is None) == (self.kind == "llama3") for number in rest):
            needed = "needs" if self.kind == "llama3" else "takes no"
            names = "low_freq_factor, high_freq_factor and original_max_position_embeddings"
            raise ManifestError(f"a scaling {self.kind!r} {needed} {names}")

    def entries(self) -> dict[str, Any]:
        """As a manifest says it."""
        return {key: one for key, one in asdict(self).items() if one is not None}


@dataclass(frozen=True)
class Layer:
    """One layer. `options` has every key of its kind, defaults filled in.

    `frozen` is pushed down from lists to the layers with parameters inside them, so that layers
    that mean the same are equal.
    """

    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    frozen: bool = False
    std: float | None = None
    layers: tuple[Layer, ...] = ()
    skip: tuple[Layer, ...] = ()

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - as many types as keys
        return self.options[key]


def layer(kind: str, *, frozen: bool = False, std: float | None = None, **given: Any) -> Layer:  # noqa: ANN401
    """A layer without others inside, with the defaults of what is not given."""
    return Layer(kind, _options(kind, given), frozen and kind in LEARNERS, std)


def residual(layers: list[Layer], skip: list[Layer] | None = None) -> Layer:
    """`layers(x) + skip(x)`."""
    return Layer("residual", layers=tuple(layers), skip=tuple(skip or []))


def repeat(times: int, layers: list[Layer]) -> Layer:
    """The same layers several times, with parameters of their own each time."""
    return Layer("repeat", {"times": times}, layers=tuple(layers))


def _pair(value: Any) -> tuple[int, int]:  # noqa: ANN401
    both = [value, value] if isinstance(value, int) else value
    if isinstance(both, list | tuple) and len(both) == 2:
        return both[0], both[1]
    raise ManifestError(f"{value!r} is neither a number nor [height, width]")


def _options(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    if kind not in KINDS:
        raise ManifestError(f"there is no layer {kind!r}; known: {', '.join(KINDS)}")
    options = {}
    for key, default in KINDS[kind].items():
        value = given.pop(key, default)
        if value is REQUIRED:
            raise ManifestError(f"{kind} needs {key}")
        if key in PAIRS and value is not None:
            value = _pair(value)
        if key == "lora" and isinstance(value, dict):
            value = Lora(int(value["rank"]), float(value["alpha"]))
        if key == "rope_scaling" and isinstance(value, dict):
            value = _scaling(value)
        options[key] = float(value) if key in FLOATS else value
    if given:
        raise ManifestError(f"{kind} takes no {', '.join(given)}")
    if "pool" in kind and "kernel" in options:
        options["stride"] = options["stride"] or options["kernel"]
    if kind == "attention" and options["kv_heads"] == options["heads"]:
        options["kv_heads"] = None
    for key in ("rope", "qk_norm"):
        if options.get(key) is not None:
            options[key] = float(options[key])
    for key, what in (("rope_dims", "turns"), ("rope_scaling", "it scales")):
        if options.get(key) is not None and options["rope"] is None:
            raise ManifestError(f"{key} needs a rope that {what}")
    return options


def _scaling(given: dict[str, Any]) -> RopeScaling:
    numbers = {key: float(one) for key, one in given.items() if key.endswith("factor")}
    try:
        return RopeScaling(**{**given, **numbers})
    except TypeError as error:
        raise ManifestError(f"rope_scaling: {error}") from error


def parse(raw: dict[str, Any], *, frozen: bool = False) -> Layer:
    """A layer of a manifest's TOML."""
    raw = dict(raw)
    kind = raw.pop("kind", None)
    if kind in LEARNERS or kind in CONTAINERS:
        frozen |= raw.pop("frozen", False)
    std = raw.pop("std", None) if kind in DRAWN else None
    inner = (
        [parse(one, frozen=frozen) for one in raw.pop("layer", [])] if kind in CONTAINERS else []
    )
    skip = [parse(one, frozen=frozen) for one in raw.pop("skip", [])] if kind == "residual" else []
    if kind in CONTAINERS and not inner:
        raise ManifestError(f"{kind} needs layer")
    options = _options(kind, raw)
    return Layer(kind, options, frozen and kind in LEARNERS, std, tuple(inner), tuple(skip))
