"""Modules of torch as a manifest."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn

from . import layers
from .describe import LEAVES
from .errors import Missing, Unsupported
from .layers import Layer
from .manifest import Data, Manifest, Model, data_section
from .modules import Masked, Residual, TiedLinear
from .shapes import Features, Sequence, Shape, Tokens, input_shape

#: What to do about modules that people will try.
HINTS = {
    "BatchNorm1d": "norms over a batch are not there; use LayerNorm",
    "BatchNorm2d": "norms over a batch are not there; use assay_torch.PixelLayerNorm",
    "GroupNorm": "norms over groups are not there; use assay_torch.PixelLayerNorm",
    "MultiheadAttention": "use assay_torch.Attention, which has four linear modules",
    "TransformerEncoderLayer": "use assay_torch.Residual around assay_torch.Attention and an MLP",
    "AdaptiveAvgPool2d": "use AvgPool2d with the size of the image",
}

#: Stands where something is missing.
NOTHING = Layer("nothing")


class Exported(NamedTuple):
    """A manifest and the weights that belong to it."""

    manifest: Manifest
    tensors: dict[str, Tensor]
    """The module's parameters by their names in the manifest's network."""


def is_list(module: nn.Module) -> bool:
    """Whether it calls its modules one after the other and does nothing else."""
    plain = isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward
    return plain or type(module) is Masked


def repeats(module: nn.Module) -> bool:
    """Whether it is a list of lists that are alike, each with layers of its own."""
    lists = list(module._modules.values())
    if not lists or not all(is_list(one) and len(one) for one in lists):
        return False
    described = []
    for one in lists:
        walk = Exporter(None)
        found = walk.children(one, "", "")
        described.append((found, [missing[1:] for missing in walk.missing]))
    return all(found == described[0] for found in described) and bool(described[0][0])


def join(path: str, name: str) -> str:
    """The name of something inside a module."""
    return f"{path}.{name}" if path else name


class Exporter:
    """Walks over a module; gathers layers, names and everything that is missing.

    `shape` is what arrives at the next module, or `None` where that is not known.
    """

    def __init__(self, shape: Shape | None) -> None:
        self.shape = shape
        self.missing: list[Missing] = []
        #: Names of parameters in the manifest's network, by those in the module.
        self.names: dict[str, str] = {}
        self.embedding: nn.Embedding | None = None

    def children(self, parent: nn.Module, path: str, to: str) -> list[Layer]:
        """The layers of a list whose name is `path` here and `to` in the manifest's network."""
        made: list[Layer] = []
        self._append(made, dict(parent._modules), path, to)
        return made

    def _append(self, made: list[Layer], named: dict[str, nn.Module], path: str, to: str) -> None:
        for name, child in named.items():
            here = join(path, name)
            if is_list(child) and not repeats(child):
                # A list that is no repetition has no module of its own in a manifest.
                self._append(made, dict(child._modules), here, to)
            elif type(child) is not nn.Identity:
                made.append(self.one(child, here, join(to, str(len(made)))))

    def one(self, module: nn.Module, path: str, to: str) -> Layer:
        """One layer, with those inside it."""
        if module._forward_hooks or module._forward_pre_hooks:
            self.miss(path, module, "it has hooks, which nothing but torch would run")
        if is_list(module):
            return self._repeat(module, path, to)
        if type(module) is Residual:
            return self._residual(module, path, to)
        try:
            layer, after = self._leaf(module)
        except ValueError as error:
            self.miss(path, module, str(error))
            return NOTHING
        except KeyError:
            self._unknown(module, path)
            return NOTHING
        self.shape = after
        for name, _ in module.named_parameters():
            self.names[join(path, name)] = f"{to}.{name}"
        return layer

    def miss(self, path: str, module: nn.Module, reason: str) -> None:
        """Notes a module that has no form in a manifest."""
        self.missing.append(Missing(path, type(module).__name__, reason))
        self.shape = None

    def _leaf(self, module: nn.Module) -> tuple[Layer, Shape | None]:
        if type(module) is TiedLinear:
            return self._tied(module)
        describe = LEAVES[type(module)]
        if isinstance(module, nn.Embedding):
            self.embedding = self.embedding or module
        elif isinstance(self.shape, Tokens):
            raise ValueError("gets tokens; an embedding must come before it")
        return describe(module, self.shape)

    def _unknown(self, module: nn.Module, path: str) -> None:
        """Notes a module, and what is unsupported inside it."""
        usual = "no layer of a manifest does what its forward does"
        self.miss(path, module, HINTS.get(type(module).__name__, usual))
        for name, child in module.named_children():
            self.shape = None
            if is_list(child):
                self.children(child, join(path, name), "")
            elif type(child) is not nn.Identity:
                self.one(child, join(path, name), "")
        self.shape = None

    def _tied(self, module: TiedLinear) -> tuple[Layer, Shape | None]:
        if module.embedding is not self.embedding:
            raise ValueError("its table is not that of the first embedding before it")
        vocab, width = module.embedding.weight.shape
        made = layers.layer("tied_linear")
        match self.shape:
            case None:
                return made, None
            case Sequence(length, features) if features == width:
                return made, Sequence(length, vocab)
            case Features(features) if features == width:
                return made, Features(vocab)
        raise ValueError(f"takes vectors of {width}, but gets {self.shape}")

    def _residual(self, module: Residual, path: str, to: str) -> Layer:
        before, branch = self.shape, {str(i): one for i, one in enumerate(module.branch)}
        made: list[Layer] = []
        self._append(made, branch, path, to)
        after, self.shape = self.shape, before
        skip: list[Layer] = []
        if module.past is not None:
            skip = self.children(module.past, join(path, "skip"), f"{to}.skip")
        if None in (self.shape, after):
            self.shape = None
        elif self.shape != after:
            self.miss(path, module, f"its branch makes {after}, past it comes {self.shape}")
        if not made:
            self.miss(path, module, "its branch has no layer")
        return layers.residual(made, skip)

    def _repeat(self, module: nn.Module, path: str, to: str) -> Layer:
        lists = [
            self.children(child, join(path, name), f"{to}.{time}")
            for time, (name, child) in enumerate(module._modules.items())
        ]
        return layers.repeat(len(lists), lists[0])


def export(
    module: nn.Module,
    *,
    input: dict[str, Any],
    data: Data | dict[str, Any],
    task: dict[str, Any],
    loss: dict[str, Any],
    optimizer: dict[str, Any],
) -> Exported:
    """A network of `nn.Sequential` and supported modules as a manifest with its weights.

    `input` is `{"field": name, "shape": [...]}` as `[model]` has them; the others are the sections
    of the same names. Raises `Unsupported` with every module that has no form in a manifest.
    """
    data = data if isinstance(data, Data) else data_section(data)
    field = data.fields[input["field"]]
    shape = input_shape(list(input["shape"]), tokens=field.format.startswith("token"))
    walk = Exporter(shape)
    found = walk.children(module, "", "") if is_list(module) else [walk.one(module, "", "0")]
    walk.missing += shared(module)
    if not found:
        walk.miss("", module, "it has no layer")
    if walk.missing:
        raise Unsupported(walk.missing)
    mask = module.field if isinstance(module, Masked) else None
    manifest = Manifest(
        task, data, Model(input["field"], shape, tuple(found), mask), loss, optimizer
    )
    state = module.state_dict()
    return Exported(manifest, {there: state[here] for here, there in walk.names.items()})


def to_manifest(module: nn.Module, **sections: Any) -> str:  # noqa: ANN401 - see `export`
    """The text of `export`'s manifest; takes the same arguments."""
    return export(module, **sections).manifest.to_toml()


def shared(module: nn.Module) -> list[Missing]:
    """Parameters that are used in several places."""
    seen: dict[int, str] = {}
    found = []
    for name, parameter in module.named_parameters(remove_duplicate=False):
        first = seen.setdefault(id(parameter), name)
        if first != name:
            reason = f"it is {first} as well; only assay_torch.TiedLinear shares a table"
            found.append(Missing(name, "Parameter", reason))
    return found
