"""Layouts against numpy, and functions by their values."""

import math

import numpy as np
import pytest

pytest.importorskip("onnx")

from assay_torch.onnx import functions
from assay_torch.onnx.values import Expr, Flow, Node
from assay_torch.onnx.view import ViewError, cover, dims, offsets, reshape, spread, whole

SIZES = {"b": 5, "c": 12, "h": 4, "w": 6}
WEIGHTS = {"b": 288, "c": 24, "h": 6, "w": 1}
START = tuple(whole(axis, size) for axis, size in SIZES.items())


def factors(random, total):
    """Sizes with a product."""
    made = []
    while total > 1:
        choices = [n for n in range(2, total + 1) if total % n == 0]
        made.append(int(random.choice(choices)))
        total //= made[-1]
    return [*made, 1] if random.integers(2) else made


def test_layouts_should_move_numbers_as_numpy_does():
    random = np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        array = np.arange(math.prod(SIZES.values())).reshape(list(SIZES.values()))
        axes = START
        for _ in range(int(random.integers(1, 6))):
            if random.integers(2):
                order = random.permutation(array.ndim)
                array, axes = array.transpose(order), tuple(axes[place] for place in order)
                continue
            sizes = factors(random, array.size)
            try:
                axes = reshape(axes, sizes)
            except ViewError:
                refused += 1
                continue
            array = array.reshape(sizes)
        assert dims(axes) == list(array.shape)
        found = np.zeros(1, np.int64)
        for group in axes:
            found = (found[:, None] + offsets(group, WEIGHTS)).reshape(-1)
        assert np.array_equal(found, array.reshape(-1))
    assert 0 < refused < 600


def test_cover_should_be_the_order_of_a_whole_axis():
    innermost = (START[0], START[2], START[3], START[1])
    group = reshape(innermost, [5, 288])[1]
    wanted = np.arange(288).reshape(12, 4, 6).transpose(1, 2, 0).reshape(-1)
    assert np.array_equal(cover(group, {"c": 12, "h": 4, "w": 6}), wanted)
    assert cover(group, {"c": 12}) is None
    assert cover(START[1], {"c": 24}) is None


def test_spread_should_repeat_what_is_the_same_for_all_heads():
    axes = reshape((whole("b", 5), whole("t", 3), whole("c", 8)), [5, 3, 2, 4])
    by_head = (axes[0], axes[2], axes[1], axes[3])
    table = np.arange(12.0).reshape(3, 4)
    found = spread(table, by_head, {"t": 3, "c": 8})
    assert np.array_equal(found, np.tile(table, (1, 2)))
    heads = np.array([1.0, 2.0]).reshape(2, 1, 1)
    assert spread(heads, by_head, {"c": 8}).tolist() == [1.0] * 4 + [2.0] * 4
    assert spread(table, by_head, {"c": 8}) is None
    same, other = np.ones((5, 1, 1, 4)), np.arange(5.0).reshape(5, 1, 1, 1)
    assert spread(same, by_head, {"c": 8}).tolist() == [1.0] * 8
    assert spread(other, by_head, {"c": 8}) is None


FLOW = Flow(Node("input", (), {"c": 8}), (whole("b", 3), whole("c", 8)))


def test_functions_should_be_told_apart():
    x = FLOW
    small = Expr("Mul", (x, 1.0001), x)
    clipped = Expr("Min", (Expr("Relu", (x,), x), 3e30), x)
    assert functions.pointwise(Expr("Relu", (x,), x)).kind == "relu"
    assert functions.pointwise(clipped) is None
    assert functions.pointwise(small) is None
    assert functions.affine(small) == pytest.approx((1.0001, 0.0))
    assert functions.affine(Expr("Abs", (x,), x)) is None
    quick = Expr("Mul", (x, Expr("Sigmoid", (Expr("Mul", (x, 1.702), x),), x)), x)
    assert functions.pointwise(quick) is None and "gelu" in functions.nearest(quick)


def rms(eps, *, inside=True):
    mean = Expr("mean", (Expr("Mul", (FLOW, FLOW), FLOW),), FLOW)
    if inside:
        below = Expr("Sqrt", (Expr("Add", (mean, eps), FLOW),), FLOW)
    else:
        below = Expr("Add", (Expr("Sqrt", (mean,), FLOW), eps), FLOW)
    return Expr("Div", (FLOW, below), FLOW)


def test_norm_should_have_its_eps_where_it_belongs():
    assert functions.norm(rms(1e-6), 8) == ("rms_norm", 1e-6)
    assert functions.norm(rms(1e-3, inside=False), 8) is None
