"""The layers of a manifest, nested as residuals, out of the nodes that lead to the output."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .. import layers
from ..layers import Layer
from ..shapes import Image
from ..words import in_words
from .limits import MAX_DEPTH, MAX_LAYERS
from .network import flattened, real
from .values import Flow, Node, Refused
from .view import whole

NO_LOGITS = "the output is neither batch × classes nor batch × length × classes"


@dataclass
class Item:
    """A layer, with its parameters by their names within it, and the names of the graph's nodes."""

    layer: Layer
    tensors: dict[str, np.ndarray] = field(default_factory=dict)


def last_node(flow: Flow) -> tuple[Node, str]:
    """The node whose output is the logits, and the name of a softmax behind it."""
    node, softmax = real(flow).node, ""
    if node.kind == "softmax":
        softmax = node.source
        flow = Flow(node.inputs[0], flow.axes)
        node = flow.node
    axes = [group for group in flow.axes if group]
    if isinstance(node.shape, Image):
        node = _flat(node, axes)
    elif axes[-1:] != [whole("c", node.sizes["c"])] or axes[:-1] not in _leads(node, axes):
        if "t" in node.sizes and len(axes) == 2 and len(axes[-1]) == 1:
            node = _flat(node, axes)
        else:
            raise Refused(f"{NO_LOGITS}; it is {flow.shown}")
    return node, softmax


def _leads(node: Node, axes: list) -> list[list]:
    """What may stand before the classes: the batch and positions, as one axis or as two."""
    batch = [group for group in axes[:-1] if {atom.axis for atom in group} == {"b"}]
    positions = whole("t", node.sizes.get("t", 1))
    alone = [[*batch, positions]] if positions else [batch]
    return [*alone, [group for group in axes[:-1] if [a.axis for a in group] == ["b", "t"]]]


def _flat(node: Node, axes: list) -> Node:
    flat = tuple(whole(axis, size) for axis, size in node.sizes.items())
    together = tuple(atom for group in flat for atom in group)
    if tuple(atom for atom in axes[-1]) != together:
        raise Refused(f"{NO_LOGITS}; flatten or pool {in_words(node.shape)}")
    return flattened(node)


def _order(last: Node) -> list[Node]:
    """All nodes, each after its inputs."""
    order: list[Node] = []
    seen: set[int] = set()
    todo = [(last, False)]
    while todo:
        node, done = todo.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            todo.append((node, True))
            todo += [(one, False) for one in node.inputs]
    return order


def _forks(order: list[Node]) -> dict[int, Node]:
    """For each node the nearest one that all paths to it go through, where ways part."""
    depth: dict[int, int] = {}
    above: dict[int, Node] = {}
    for node in order:
        if not node.inputs:
            depth[id(node)] = 0
            continue
        found = node.inputs[0]
        for other in node.inputs[1:]:
            while found is not other:
                if depth[id(found)] < depth[id(other)]:
                    found, other = other, found
                if id(found) not in above:
                    raise Refused("the input is used both as it is and scaled; scale the data")
                found = above[id(found)]
        above[id(node)] = found
        depth[id(node)] = depth[id(found)] + 1
    return above


class Emitter:
    """Nests nodes into lists of layers."""

    def __init__(self, last: Node) -> None:
        self.order = _order(last)
        self.forks = _forks(self.order)
        self.table: np.ndarray | None = None
        self.used: set[int] = set()
        #: Linear layers that became tied ones.
        self.tied: set[int] = set()
        self.count = 0

    def chain(self, node: Node, stop: Node, depth: int = 0) -> list[Item]:
        """The layers between two nodes."""
        if depth > MAX_DEPTH:
            raise Refused(f"residuals are more than {MAX_DEPTH} deep inside each other")
        found: list[Node | list[Node]] = []
        while node is not stop:
            self.count += 1
            if self.count > 2 * MAX_LAYERS:
                raise Refused(f"there are more than {MAX_LAYERS} layers, or ways that cross")
            found.append(node)
            node = self.forks[id(node)]
        # In order, as the first embedding is the one whose table a tied layer has.
        return [self._item(one, depth) for one in reversed(found)]

    def _item(self, node: Node, depth: int) -> Item:
        if node.kind != "add":
            if node.tensors or node.kind == "dropout":
                if id(node) in self.used:
                    raise Refused(f"{node.source} is on two ways that cross; residuals are nested")
                self.used.add(id(node))
            return self._leaf(node)
        fork = self.forks[id(node)]
        first, second = node.inputs
        if self._far(second, fork) > self._far(first, fork):
            first, second = second, first
        if first is fork:
            raise Refused(f"{node.source} adds a value to itself")
        branch = self.chain(first, fork, depth + 1)
        skip = self.chain(second, fork, depth + 1)
        made = Item(layers.residual([one.layer for one in branch], [one.layer for one in skip]))
        for prefix, items in (("", branch), ("skip.", skip)):
            made.tensors |= numbered(items, prefix)
        return made

    def _far(self, node: Node, fork: Node) -> int:
        steps = 0
        while node is not fork:
            node, steps = self.forks[id(node)], steps + 1
        return steps

    def _leaf(self, node: Node) -> Item:
        weight = node.tensors.get("weight")
        if node.kind == "embedding" and self.table is None:
            self.table = weight
        is_tied = node.kind == "linear" and not node.options["bias"] and self.table is not None
        if is_tied and np.array_equal(weight, self.table):
            self.tied.add(id(node))
            return Item(layers.layer("tied_linear"))
        if node.kind == "softmax":
            raise Refused(f"{node.source}: softmax is there only in attention and at the end")
        # A mask for padding is said once, for the whole model.
        options = {key: value for key, value in node.options.items() if key != "padding"}
        return Item(layers.layer(node.kind, **options), node.tensors)


def numbered(items: list[Item], prefix: str = "") -> dict[str, np.ndarray]:
    """Parameters by their names in a list of layers."""
    return {
        f"{prefix}{place}.{name}": array
        for place, one in enumerate(items)
        for name, array in one.tensors.items()
    }


def repeated(items: list[Item]) -> list[Item]:
    """The same list, with the longest run of equal blocks as one `repeat`."""
    found = [one.layer for one in items]
    best, score = (0, 0, 1), (0, False)
    for start in range(len(found)):
        for period in range(1, (len(found) - start) // 2 + 1):
            block, times = found[start : start + period], 1
            while found[start + times * period : start + (times + 1) * period] == block:
                times += 1
            inner = any(layer.kind in layers.CONTAINERS for layer in block)
            # Of the same run cut differently, the first and shortest block that starts with a list.
            found_score = ((times - 1) * period, block[0].kind in layers.CONTAINERS)
            if inner and times > 1 and found_score > score:
                best, score = (start, period, times), found_score
    start, period, times = best
    if times == 1:
        return items
    end = start + period * times
    made = Item(layers.repeat(times, found[start : start + period]))
    for time in range(times):
        block = items[start + time * period : start + (time + 1) * period]
        made.tensors |= numbered(block, f"{time}.")
    return [*items[:start], made, *items[end:]]
