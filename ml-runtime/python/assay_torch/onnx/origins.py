"""Where weights come from: tensors of the file that a parameter is, and layers that share some.

A layer takes in the factors and summands behind it, so that one operation of the graph may end up
in several layers. Weights that are one in the file must not become two that learn apart unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..errors import Missing
from .values import Node

Array = np.ndarray

#: Why a layer cannot be there twice.
TWICE = (
    "its output is used in several ways, and here would be that of two layers that learn apart, as "
    "a factor, a summand or a norm behind a layer is taken into its weights: use it in one way, or "
    "give each way a layer of its own"
)
#: What is said of layers with weights in common.
APART = "the same weights in the file; here each has its own, which start alike and learn apart"
ALIKE = (
    "the same weights in the file, or alike at the start and written once; here each has its own, "
    "and they learn apart"
)
UNTIED = (
    "the same table in the file; here each has its own, as only a table that is not scaled is "
    "shared, with a linear layer that has no bias; they learn apart"
)
#: What is said of weights that the file does not have as parameters.
CONSTANT = "not a parameter of the file, but constant there; here it learns"


#: What is said of weights with a number of the graph in them.
SCALED = "a number of the graph is in these weights, which learn as at another rate for it"
#: A number this close to 1 is one that rounding made.
NEAR = 1e-5


class Origin(NamedTuple):
    """Weights as an operation of the graph has them."""

    node: Node
    """The first that had them."""
    content: bytes
    """Digest of the numbers; the name of the tensor where they are alike, as before a training."""
    is_plain: bool = False
    """Whether they are all alike."""
    rows: tuple[int, ...] | None = None
    """Which outputs of it there are; nothing stands for all."""

    def meets(self, other: Origin) -> bool:
        """Whether some of the weights are the same, if they are of one node."""
        return None in (self.rows, other.rows) or bool({*self.rows} & {*other.rows})


def begin(node: Node, parameter: str, root: str | None) -> Node:
    """The node, whose parameter is a tensor of the file; `root` is its name if it is one alone."""
    array = np.ascontiguousarray(node.tensors[parameter], np.float32)
    is_plain = _is_plain(array)
    content = (root or "").encode() if is_plain else hashlib.sha256(array.tobytes()).digest()
    if not any(one.node is node for one in node.origins):
        node.origins = (*node.origins, Origin(node, content, is_plain))
    if root is not None:
        node.names = {**node.names, parameter: root}
    return node


def cut(node: Node, rows: Array) -> Node:
    """The node, which has only some outputs of what it is a copy of."""
    node.origins = tuple(
        one._replace(
            rows=tuple((rows if one.rows is None else np.asarray(one.rows)[rows]).tolist())
        )
        for one in node.origins
    )
    return node


def absorb(node: Node, parts: dict[str, Node]) -> Node:
    """The node, into which others went, by the names that these have in it."""
    for name, part in parts.items():
        # Behind a linear layer there may be a norm of each head, and rotary positions.
        while part is not node.inputs[0] and part.inputs:
            prefix = f"{name}_norm" if part.kind.endswith("norm") else name
            names = {f"{prefix}.{key}": root for key, root in part.names.items()}
            node.origins, node.names = (*node.origins, *part.origins), {**names, **node.names}
            gains = {f"{prefix}.{key}": gain for key, gain in part.gains.items()}
            both = {key: gain * node.gains.get(key, 1.0) for key, gain in gains.items()}
            node.gains = {**node.gains, **both}
            part = part.inputs[0]
    return node


def twice(order: list[Node]) -> list[Missing]:
    """Layers with weights that are one in the graph and would be in two layers here."""
    found: dict[int, list[tuple[Node, Origin]]] = {}
    for node in order:
        for one in node.origins:
            found.setdefault(id(one.node), []).append((node, one))
    return [
        Missing(uses[0][0].source, uses[0][0].kind, TWICE)
        for uses in found.values()
        if any(one.meets(other) for (_, one), (_, other) in combinations(uses, 2))
    ]


def shared(order: list[Node], tied: set[int]) -> list[str]:
    """Lines about weights that several layers have in common in the file, and here have not."""
    owners: dict[tuple, dict[str, str]] = {}
    for node in order:
        for one in node.origins:
            if one.content and id(node) not in tied:
                key = (one.content, one.is_plain, one.rows)
                owners.setdefault(key, {})[node.source] = node.kind
    groups: dict[str, list[str]] = {}
    for (_, is_plain, _), names in owners.items():
        text = ALIKE if is_plain else UNTIED if "embedding" in names.values() else APART
        line = " and ".join(names)
        if len(names) > 1 and line not in groups.setdefault(text, []):
            groups[text].append(line)
    said = {line for lines in groups.values() for line in lines}
    for line, is_plain in _vectors(order, tied).items():
        if line not in said:
            groups.setdefault(ALIKE if is_plain else APART, []).append(line)
    return [f"{', '.join(lines)}: {text}" for text, lines in groups.items() if lines]


def _vectors(order: list[Node], tied: set[int]) -> dict[str, bool]:
    """Layers with a tensor in common, be it a bias, and whether its numbers are all alike."""
    owners: dict[str, tuple[dict[str, None], bool]] = {}
    for node in order:
        for name, root in node.names.items():
            if root and id(node) not in tied and name in node.tensors:
                names, _ = owners.setdefault(root, ({}, _is_plain(node.tensors[name])))
                # Queries and keys of one layer may have a norm in common.
                own = f"{node.source} ({name})" if "_norm." in name else node.source
                names[own] = None
    return {" and ".join(names): plain for names, plain in owners.values() if len(names) > 1}


def _is_plain(array: Array) -> bool:
    """Whether all numbers are alike, as before a training."""
    return bool(array.size and (array == array.flat[0]).all())


def constant(order: list[Node]) -> list[str]:
    """A line about parameters that are none in the file."""
    if not any(node.names for node in order):
        # A file of constants alone says nothing about what learned.
        return []
    found = [
        f"{node.source} ({node.kind}.{name})"
        for node in order
        for name in node.tensors
        if name not in node.names
    ]
    return [f"{', '.join(found)}: {CONSTANT}"] if found else []


def scaled(order: list[Node]) -> list[str]:
    """A line about weights that the graph multiplies with a number."""
    found = [
        f"{node.source} ({node.kind}.{name} × {gain:.4g})"
        for node in order
        for name, gain in node.gains.items()
        if name in node.tensors and abs(abs(gain) - 1) > NEAR
    ]
    return [f"{', '.join(found)}: {SCALED}"] if found else []


def named(
    order: list[Node], tensors: dict[str, Array], takers: dict[str, int], tied: set[int]
) -> dict[str, str]:
    """Parameters by tensors of the file that may be they: each is taken once, for one alone.

    `takers` says how many operations take each tensor; those of the nodes `tied` are layers without
    parameters of their own.
    """
    roots = {
        id(array): node.names.get(name, "")
        for node in order
        for name, array in node.tensors.items()
    }
    left = dict(takers)
    for node in order:
        if id(node) in tied and (root := node.names.get("weight")):
            left[root] -= 1
    # Exporters call what they made themselves `onnx::…`, and torch's calls a bias so that it made
    # of a norm over the batch, whose factor is in the weight then.
    made = {root for root in takers if "::" in root or root.endswith(".weight_bias")}
    made |= {root.removesuffix("_bias") for root in made}
    found: dict[str, list[str]] = {}
    for name, array in tensors.items():
        if (root := roots.get(id(array), "")) and root not in made:
            found.setdefault(root, []).append(name)
    return {root: ours[0] for root, ours in found.items() if len(ours) == 1 and left.get(root) == 1}


def others(file: dict[str, Array], names: Iterable[str]) -> dict[str, Array]:
    """Tensors of the same shapes, whose numbers are all different."""
    random = np.random.default_rng(3)
    return {
        name: (random.random(file[name].shape, np.float32) + np.float32(0.5)).astype(
            file[name].dtype
        )
        for name in names
    }


def unchanged(
    names: dict[str, str], tensors: dict[str, Array], file: dict[str, Array]
) -> dict[str, str]:
    """Those names whose parameter is the tensor of the file, number for number."""
    return {
        root: name
        for root, name in names.items()
        if name in tensors
        and np.array_equal(file[root].astype(np.float32), tensors[name].astype(np.float32))
    }
