"""Ranges that the compiler of manifests enforces, so that nothing is imported that it refuses."""

from __future__ import annotations

from .values import Node, Refused

MAX_WIDTH = 1 << 16
MAX_VOCAB = 1 << 20
MAX_CHANNELS = 4096
MAX_KERNEL = 31
MAX_HEADS = 1024
#: Heads that share keys and values, and the side of the tiles that are judged.
MAX_SHARING = 32
TILE = 32
MAX_SIDE = 4096
MAX_FLAT_SIDE = 255
#: Elements of a field.
MAX_FIELD = 1 << 24
MAX_LAYERS = 512
MAX_DEPTH = 8


def at_most(what: str, found: int, most: int) -> None:
    """Raises if a size is out of range."""
    if not 1 <= found <= most:
        raise Refused(f"{what} may be 1 to {most}, not {found}")


def sharing(group: int, width: int) -> None:
    """Raises if so many heads of a width cannot share keys and values."""
    if group > MAX_SHARING or (width % TILE and TILE % width):
        raise Refused(
            f"{group} heads of width {width} share keys and values; at most {MAX_SHARING} do, of a "
            f"width that is a multiple of {TILE} or divides it"
        )


def check(node: Node) -> Node:
    """The node, if its sizes are in range."""
    options = node.options
    match node.kind:
        case "linear":
            at_most("outputs of a linear layer", node.sizes["c"], MAX_WIDTH)
        case "embedding":
            at_most("rows of an embedding", options["vocab"], MAX_VOCAB)
            at_most("numbers of a row of an embedding", options["out"], MAX_WIDTH)
        case "conv2d":
            at_most("channels", options["out"], MAX_CHANNELS)
        case "flatten" if "h" in node.inputs[0].sizes:
            side = max(node.inputs[0].sizes["h"], node.inputs[0].sizes["w"])
            at_most("rows and columns of an image that is flattened", side, MAX_FLAT_SIDE)
        case "attention":
            at_most("heads", options["heads"], MAX_HEADS)
            if options["heads"] > options["kv_heads"]:
                sharing(options["heads"] // options["kv_heads"], options["width"])
    if "kernel" in options:
        for size in (*options["kernel"], *options["stride"]):
            at_most("rows and columns of a kernel or a stride", size, MAX_KERNEL)
    if "pad" in options and max(options["pad"]) >= min(options["kernel"]):
        raise Refused(f"padding {options['pad']} must be below the kernel {options['kernel']}")
    return node
