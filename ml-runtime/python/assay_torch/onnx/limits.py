"""Sizes of layers that are made of a graph."""

from __future__ import annotations

from ..limits import MAX_DEPTH, MAX_FIELD, MAX_LAYERS, MAX_SIDE, fault
from .values import Node, Refused

__all__ = ["MAX_DEPTH", "MAX_FIELD", "MAX_LAYERS", "MAX_SIDE", "check"]


def check(node: Node) -> Node:
    """The node, if its sizes are in range."""
    looks = node.kind in ("flatten", "attention")
    arrives = node.inputs[0].shape if looks else None
    if reason := fault(node.kind, node.options, arrives):
        raise Refused(reason)
    return node
