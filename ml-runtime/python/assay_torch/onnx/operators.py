"""Operators that are a layer each."""

from __future__ import annotations

import math

import numpy as np

from . import attention, masks, network
from .arithmetic import global_mean
from .network import real, scaled, settle
from .reader import Call, register
from .values import Flow, Mask, Refused, Value, sizes_of
from .view import joined, length, reshape

Pair = tuple[int, int]


def _pair(values: list[int], what: str) -> Pair:
    if len(values) != 2:
        raise Refused(f"{what} has {len(values)} directions; images have two")
    return int(values[0]), int(values[1])


def _pads(call: Call, kernel: Pair, stride: Pair) -> Pair | None:
    """Padding before and behind alike; `None` where the size of the image decides."""
    auto = call.attribute("auto_pad", "NOTSET")
    if auto == "VALID":
        return (0, 0)
    if auto != "NOTSET":
        if stride == (1, 1) and kernel[0] % 2 == kernel[1] % 2 == 1:
            return kernel[0] // 2, kernel[1] // 2
        raise Refused(
            f"auto_pad {auto} with kernel {kernel} and stride {stride}; give explicit pads"
        )
    pads = list(call.attribute("pads") or [0] * 4)
    if len(pads) != 4 or pads[:2] != pads[2:]:
        raise Refused(f"pads {pads} are not the same on both sides")
    if min(pads) < 0:
        raise Refused(f"pads {pads} cut the image")
    return int(pads[0]), int(pads[1])


def _window(call: Call, kernel: Pair) -> dict[str, Pair]:
    """Kernel, stride and pad, as manifests have them."""
    stride = _pair(call.attribute("strides") or [1, 1], "strides")
    dilation = list(call.attribute("dilations") or [1, 1])
    if any(n != 1 for n in dilation):
        raise Refused(f"dilations {dilation}; windows have no gaps")
    if min(*stride, *kernel) < 1:
        raise Refused(f"kernel {kernel} and stride {stride}")
    return {"kernel": kernel, "stride": stride, "pad": _pads(call, kernel, stride)}


def _conv_window(call: Call) -> dict[str, Pair]:
    weight = call.needed(1, "the weight")
    if weight.ndim != 4:
        raise Refused(f"a convolution in {weight.ndim - 2} directions; images have two")
    return _window(call, _pair(weight.shape[2:], "kernel"))


@register("Conv", check=_conv_window)
def conv(call: Call) -> Value:
    """A convolution."""
    window = _conv_window(call)
    weight = call.needed(1, "the weight")
    kernel = window.pop("kernel")
    window |= {"source": call.name, "root": call.root(1), "groups": call.attribute("group", 1)}
    made = network.conv(settle(call.flow(0)), weight, call.batch, **window)
    bias = call.constant(2, "the bias")
    if made.node.options["kernel"] != kernel:
        raise Refused("kernel_shape is not that of the weight")
    if bias is None:
        return made
    return scaled(made, np.float64(1), bias.astype(np.float64), call.name, call.root(2))


def _pool_window(call: Call) -> dict[str, Pair]:
    window = _window(call, _pair(call.attribute("kernel_shape") or [], "kernel_shape"))
    counts = call.one.op == "MaxPool" or call.attribute("count_include_pad", 0)
    if window["pad"] != (0, 0) and not counts:
        raise Refused("a mean that leaves padding out; with count_include_pad = 1, it counts")
    return window


@register("MaxPool", "AveragePool", check=_pool_window)
def pool(call: Call) -> Value:
    """A pooling."""
    window = _pool_window(call)
    flow = settle(call.flow(0))
    if call.attribute("ceil_mode", 0):
        sizes = network.image_of(flow, call.batch).sizes
        rest = [
            (size + 2 * pad - kernel) % stride
            for size, kernel, stride, pad in zip(
                (sizes["h"], sizes["w"]), *window.values(), strict=True
            )
        ]
        if any(rest):
            raise Refused("ceil_mode, with windows that reach beyond the image")
    kind = "max_pool" if call.one.op == "MaxPool" else "avg_pool"
    return network.windowed(flow, kind, call.batch, call.name, **window)


@register("GlobalAveragePool")
def global_average(call: Call) -> Value:
    """The mean over all pixels."""
    flow = settle(call.flow(0))
    network.image_of(flow, call.batch)
    return global_mean(flow, call)


@register("GlobalMaxPool")
def global_max(call: Call) -> Value:
    """The maximum over all pixels."""
    flow = settle(call.flow(0))
    sizes = network.image_of(flow, call.batch).sizes
    kernel = (sizes["h"], sizes["w"])
    return network.windowed(flow, "max_pool", call.batch, call.name, kernel=kernel, stride=kernel)


@register("BatchNormalization")
def batch_norm(call: Call) -> Value:
    """With the statistics of its training, taken into the layer before."""
    if call.attribute("training_mode", 0):
        raise Refused("it takes the mean of a batch; use a layer norm, or export for inference")
    gamma, beta, mean, variance = (
        call.needed(place, "a parameter").astype(np.float64) for place in range(1, 5)
    )
    factor = gamma / np.sqrt(variance + call.attribute("epsilon", 1e-5))
    flow = settle(call.flow(0))
    kind = real(flow).node.kind
    if kind not in ("linear", "conv2d", "missing"):
        raise Refused(
            f"norms over a batch are not there, and {kind}, which it follows, cannot take it in; "
            "use a layer norm over the channels"
        )
    call.note(f"a norm over the batch: {network.TAKEN_IN}")
    return scaled(flow, factor, beta - mean * factor, call.name, "")


def _width(flow: Flow, axis: int) -> int:
    """That of the vectors along an axis, if it is the last one."""
    axis = axis + len(flow.axes) if axis < 0 else axis
    rest = [group for group in flow.axes[axis:] if group]
    return network.vectors(rest[0], flow.node) if len(rest) == 1 else 0


def _over_channels(call: Call) -> Flow:
    flow = settle(call.flow(0))
    if not _width(flow, call.attribute("axis", -1)):
        raise Refused(f"a norm of {flow.shown} over other axes than the channels")
    return flow


def _weights(call: Call, flow: Flow, place: int) -> np.ndarray | None:
    array = call.constant(place, "a parameter")
    if array is None:
        return None
    width = _width(flow, call.attribute("axis", -1))
    return np.broadcast_to(array.reshape(-1), width).astype(np.float64)


@register("LayerNormalization")
def layer_norm(call: Call) -> Value:
    """A layer norm."""
    flow = _over_channels(call)
    weight, bias = _weights(call, flow, 1), _weights(call, flow, 2)
    roots = call.root(1), call.root(2)
    if roots[1] is None and bias is not None and not bias.any():
        # As some exporters write a norm without one.
        bias = None
    eps = float(str(np.float32(call.attribute("epsilon", 1e-5))))
    return network.norm(flow, "layer_norm", eps, weight, bias, call.name, roots)


@register("RMSNormalization")
def rms_norm(call: Call) -> Value:
    """An RMS norm."""
    flow = _over_channels(call)
    eps = float(str(np.float32(call.attribute("epsilon", 1e-5))))
    weight = _weights(call, flow, 1)
    return network.norm(flow, "rms_norm", eps, weight, None, call.name, (call.root(1), None))


@register("Attention")
def fused(call: Call) -> Value:
    """All of attention but its projections."""
    if any(call.given(place) is not None for place in (4, 5, 6)):
        raise Refused("keys and values of the past, or lengths of a padded batch")
    for name in ("softcap", "qk_matmul_output_mode"):
        if call.attribute(name, 0):
            raise Refused(f"{name} is not there")
    q, k, v = (settle(call.flow(place)) for place in range(3))
    joined_heads = len(q.axes) == 3
    if joined_heads:
        q, k, v = (
            _by_head(flow, int(call.attribute(name) or 0))
            for flow, name in ((q, "q_num_heads"), (k, "kv_num_heads"), (v, "kv_num_heads"))
        )
    count = length(q.axes[1])
    k, v = attention.shared(k, count), attention.shared(v, count)
    scores = attention.scores(q, Flow(k.node, (*k.axes[:-2], k.axes[-1], k.axes[-2])), call.name)
    width = math.prod(atom.size for atom in q.axes[-1])
    scores.node.options["scale"] = float(call.attribute("scale") or 1 / math.sqrt(width))
    mask = call.given(3)
    mask = mask if isinstance(mask, Mask) else call.constant(3, "the mask")
    if isinstance(mask, Mask) and mask.arrays[0].dtype == bool:
        mask = masks.additive(mask, -np.inf, shown=True)
    elif isinstance(mask, np.ndarray) and mask.dtype == bool:
        mask = np.where(mask, 0.0, -np.inf)
    if mask is not None:
        scores = attention.masked(scores, mask)
    if call.attribute("is_causal", 0):
        scores.node.options["causal"] = True
    made = attention.context(attention.softmax(scores, call.name), v, call.name)
    if not joined_heads:
        return made
    batch, head, position, vector = made.axes
    return Flow(made.node, (batch, position, joined(head + vector)))


def _by_head(flow: Flow, count: int) -> Flow:
    sizes = sizes_of(flow.node.shape)
    if count < 1 or "t" not in sizes or sizes["c"] % count:
        raise Refused(f"{count} heads of {flow.shown}")
    batch, length, width = flow.dims
    split = reshape(flow.axes, [batch, length, count, width // count])
    return Flow(flow.node, (split[0], split[2], split[1], split[3]))
