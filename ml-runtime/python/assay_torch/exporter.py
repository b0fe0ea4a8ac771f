"""Modules of torch as a manifest."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin

from . import layers, limits
from .describe import LEAVES
from .errors import Missing, Unsupported
from .layers import Layer
from .manifest import Data, Manifest, Model, data_section
from .modules import Masked, Residual, TiedLinear
from .shapes import Features, Image, Sequence, Shape, Tokens, input_shape, numbers_of
from .words import in_words

AT_THE_END = "it is there only in attention, and at the end, where the loss cross_entropy does it"

#: What to do about modules that people will try.
HINTS = {
    "BatchNorm1d": "norms over a batch are not there; use LayerNorm",
    "BatchNorm2d": "norms over a batch are not there; use assay_torch.PixelLayerNorm",
    "GroupNorm": "norms over groups are not there; use assay_torch.PixelLayerNorm",
    "MultiheadAttention": "use assay_torch.Attention, which has four linear modules",
    "TransformerEncoderLayer": "use assay_torch.Residual around assay_torch.Attention and an MLP",
    "Softmax": AT_THE_END,
    "LogSoftmax": AT_THE_END,
}

#: What to do about modules with a forward of their own.
BY_ONNX = (
    "export the model by torch.onnx.export and use `import-onnx`, or build it of nn.Sequential"
)

#: Stands where something is missing.
NOTHING = Layer("nothing")


class Exported(NamedTuple):
    """A manifest and the weights that belong to it."""

    manifest: Manifest
    tensors: dict[str, Tensor]
    """The module's parameters by their names in the manifest's network."""
    names: dict[str, str]
    """These names, by those in the module."""
    notes: list[str]
    """What the manifest does not say of the module, for a person."""


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
        #: What is left out, for a person.
        self.notes: list[str] = []
        #: A softmax at the end, and its path.
        self.ending: nn.Module | None = None
        self.left_out: str | None = None
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
            elif not self._is_nothing(child, here):
                made.append(self.one(child, here, join(to, str(len(made)))))

    def _is_nothing(self, module: nn.Module, path: str) -> bool:
        """Whether a manifest says it without a layer."""
        if type(module) is nn.Flatten and isinstance(self.shape, Features):
            return (module.start_dim, module.end_dim) in ((1, -1), (1, 1))
        return type(module) is nn.Identity or path == self.left_out

    def leave_out(self, module: nn.Module) -> None:
        """Leaves out a softmax at the end."""
        path = ""
        while is_list(module) and len(module):
            name, module = list(module._modules.items())[-1]
            path = join(path, name)
        if type(module) in (nn.Softmax, nn.LogSoftmax) and path:
            self.left_out, self.ending = path, module

    def finish(self) -> None:
        """Looks at what leaves the last layer."""
        if self.ending is None or self.shape is None:
            return
        fits = {Features: (-1, 1, None), Sequence: (-1, 2)}.get(type(self.shape), ())
        if self.ending.dim not in fits:
            self.miss(self.left_out, self.ending, "it is over another axis than the classes")
        name = type(self.ending).__name__
        self.notes.append(f"{self.left_out}: {name}: left out at the end; the loss does it")

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
        if reason := limits.fault(layer.kind, layer.options, self.shape):
            self.miss(path, module, reason)
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
        if not type(module).__module__.startswith("torch."):
            usual += f": {BY_ONNX}"
        if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
            usual = "its sizes are not known, as it has not been called yet: call the model once"
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
        raise ValueError(f"takes vectors of {width}, but gets {in_words(self.shape)}")

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
            past = in_words(self.shape)
            self.miss(path, module, f"its branch makes {in_words(after)}, past it comes {past}")
        if not made:
            self.miss(path, module, "its branch has no layer")
        return layers.residual(made, skip)

    def _repeat(self, module: nn.Module, path: str, to: str) -> Layer:
        lists = [
            self.children(child, join(path, name), f"{to}.{time}")
            for time, (name, child) in enumerate(module._modules.items())
        ]
        if any(one != lists[0] for one in lists):
            self.miss(path, module, "its lists are not alike for the shapes that they get")
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
    if loss.get("kind") == "cross_entropy":
        walk.leave_out(module)
    found = walk.children(module, "", "") if is_list(module) else [walk.one(module, "", "0")]
    walk.finish()
    walk.missing += shared(module) + out_of_range(shape, found)
    if not found:
        walk.miss("", module, "it has no layer")
    if not walk.missing:
        walk.missing += unusable(module)
    if walk.missing:
        raise Unsupported(walk.missing)
    mask = module.field if isinstance(module, Masked) else None
    manifest = Manifest(
        task, data, Model(input["field"], shape, tuple(found), mask), loss, optimizer
    )
    state = module.state_dict()
    tensors = {there: state[here] for here, there in walk.names.items()}
    return Exported(manifest, tensors, walk.names, walk.notes)


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


def out_of_range(shape: Shape, made: list[Layer]) -> list[Missing]:
    """What is too large of the input, and of the whole."""
    sizes = numbers_of(shape)
    found = []
    if math.prod(sizes) > limits.MAX_FIELD:
        reason = f"a record has at most {limits.MAX_FIELD} numbers"
        found.append(Missing("", in_words(shape), reason))
    if isinstance(shape, Image) and max(sizes) > limits.MAX_SIDE:
        found.append(Missing("", in_words(shape), f"a side may be 1 to {limits.MAX_SIDE}"))
    if (count := limits.count(made)) > limits.MAX_LAYERS:
        found.append(Missing("", f"{count} layers", f"there are at most {limits.MAX_LAYERS}"))
    if (depth := limits.depth(made)) > limits.MAX_DEPTH:
        reason = f"lists of layers are at most {limits.MAX_DEPTH} deep inside each other"
        found.append(Missing("", f"lists {depth} deep", reason))
    return found


def unusable(module: nn.Module) -> list[Missing]:
    """Parameters that no training can start from."""
    found = [
        Missing(name, "Parameter", "some of its numbers are infinite, or none")
        for name, one in module.named_parameters()
        if not one.isfinite().all()
    ]
    if not any(one.requires_grad for one in module.parameters()):
        reason = "nothing in it learns: no parameter has requires_grad"
        found.append(Missing("", type(module).__name__, reason))
    return found
