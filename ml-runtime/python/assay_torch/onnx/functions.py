"""Functions that a graph writes out in small steps, recognised by their values.

However an exporter writes GELU or a layer norm, its values are those of the formula: a function is
evaluated at points that tell all supported ones apart, in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from .values import Expr, Flow

erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Without overflow."""
    return np.exp(-np.logaddexp(0.0, -x))


#: Steps of functions by the name of their operator.
STEPS: dict[str, Callable[..., np.ndarray]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Max": np.maximum,
    "Min": np.minimum,
    "Neg": np.negative,
    "Abs": np.abs,
    "Exp": np.exp,
    "Log": np.log,
    "Sqrt": np.sqrt,
    "Reciprocal": np.reciprocal,
    "Erf": erf,
    "Tanh": np.tanh,
    "Sigmoid": sigmoid,
    "Relu": lambda x: np.maximum(x, 0.0),
    "Softplus": lambda x: np.logaddexp(0.0, x),
    "Gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "GeluTanh": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "LeakyRelu": lambda x, slope: np.where(x > 0, x, slope * x),
    "Elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
    "HardSigmoid": lambda x, alpha, beta: np.clip(alpha * x + beta, 0.0, 1.0),
    "mean": lambda x: x.mean(-1, keepdims=True),
    "sum": lambda x: x.sum(-1, keepdims=True),
}

#: Numbers that functions have, and that a file of 16 bits has rounded.
EXACT = np.array([math.sqrt(2), math.sqrt(0.5), math.sqrt(2 / math.pi), 0.044715])


def number(array: np.ndarray) -> float:
    """A constant of one number; of 16 bits, the exact one that it is rounded from."""
    found = array.reshape(())
    if array.dtype.itemsize == 2 and array.dtype.kind not in "biu":
        alike = EXACT[np.abs(EXACT).astype(array.dtype) == np.abs(found)]
        if alike.size:
            return math.copysign(float(alike[0]), float(found))
    return float(found)


class Pointwise(NamedTuple):
    """A layer that is a function of each number."""

    kind: str
    options: dict[str, float | str]
    function: Callable[[np.ndarray], np.ndarray]

    def __str__(self) -> str:
        """Its kind, and what it has besides."""
        return " ".join([self.kind, *(f"with {key} {one}" for key, one in self.options.items())])


POINTWISE = (
    Pointwise("relu", {}, STEPS["Relu"]),
    Pointwise("gelu", {}, STEPS["Gelu"]),
    Pointwise("silu", {}, lambda x: x * sigmoid(x)),
    Pointwise("tanh", {}, np.tanh),
    Pointwise("sigmoid", {}, sigmoid),
    Pointwise("gelu", {"approximate": "tanh"}, STEPS["GeluTanh"]),
    Pointwise("relu6", {}, lambda x: np.clip(x, 0.0, 6.0)),
    Pointwise("hardswish", {}, lambda x: x * np.clip(x / 6 + 0.5, 0.0, 1.0)),
)


def _fitted(expr: Expr, cut: Expr | None) -> Iterator[Pointwise]:
    """Layers with a number of their own, which is the one that fits the function."""
    below, far = _at(expr, np.array([-1.0, -60.0]), cut)
    own = [n for n in _numbers(expr, set()) if math.isfinite(n)]
    slope, alpha = (_exact(-float(one), own) for one in (below, far))
    if 0 < slope < 1:
        yield Pointwise(
            "leaky_relu", {"negative_slope": slope}, lambda x: STEPS["LeakyRelu"](x, slope)
        )
    if 0 < alpha < math.inf:
        yield Pointwise("elu", {"alpha": alpha}, lambda x: STEPS["Elu"](x, alpha))


def _exact(found: float, own: list[float]) -> float:
    """A number that a function has: the one of its own that it is, or one of six digits."""
    near = [n for n in own if abs(n - found) <= 1e-6 * abs(found)]
    return float(str(np.float32(near[0]))) if near else float(f"{found:.6g}")


_FAR = 10.0 ** np.arange(1, 39)
#: Close together where functions bend, and out to the largest `f32`, where clipped ones stop.
POINTS = np.concatenate([np.linspace(-10, 10, 4001), _FAR, -_FAR])
#: Of the size of a number (or 1): constants in the graph are `f32`.
TOLERANCE = 2e-6


def value(expr: Expr | Flow | float, x: np.ndarray, known: dict[int, np.ndarray]) -> np.ndarray:
    """The function at `x`; `known` has the values of some of its parts, by `id`."""
    if isinstance(expr, float):
        return np.asarray(expr)
    if id(expr) in known:
        return known[id(expr)]
    if isinstance(expr, Flow):
        return x
    with np.errstate(all="ignore"):
        found = STEPS[expr.op](*[value(arg, x, known) for arg in expr.args])
    known[id(expr)] = found
    return found


def _agree(found: np.ndarray, wanted: np.ndarray, x: np.ndarray) -> bool:
    """Whether two functions are one; far out, formulas of exponentials may have no value."""
    with np.errstate(all="ignore"):
        far = np.abs(found - wanted) > TOLERANCE * np.maximum(np.abs(x), 1.0)
    lost = np.isnan(found)
    return not (far & ~lost).any() and not (lost & (np.abs(x) <= 40)).any()


def pointwise(expr: Expr, cut: Expr | None = None) -> Pointwise | None:
    """The layer that does what `expr` does, of `cut` where that is given."""
    if expr.reduces and cut is None:
        return None
    found = _at(expr, POINTS, cut)
    for one in (*POINTWISE, *_fitted(expr, cut)):
        with np.errstate(all="ignore"):
            if _agree(found, one.function(POINTS), POINTS):
                return one
    return None


def _at(expr: Expr, x: np.ndarray, cut: Expr | None) -> np.ndarray:
    known = {} if cut is None else {id(cut): x}
    return np.broadcast_to(value(expr, x, known), x.shape)


def nearest(expr: Expr) -> str:
    """A line about the layer that comes closest to a function that is none."""
    if expr.reduces:
        return "no norm over the channels has these values"
    near = np.linspace(-8, 8, 1601)
    found = _at(expr, near, None)
    if not np.isfinite(found).all():
        return "no layer has these values"
    gaps = {str(one): np.abs(found - one.function(near)) for one in POINTWISE}
    name = min(gaps, key=lambda one: gaps[one].mean())
    most = gaps[name].max()
    return f"the closest layer is {name}, which differs by up to {most:.2g} between −8 and 8"


def affine(expr: Expr, cut: Expr | None = None) -> tuple[float, float] | None:
    """The numbers a, b if the function is `a · x + b`."""
    if expr.reduces and cut is None:
        return None
    x = POINTS[np.abs(POINTS) <= 1e4]
    zero, one = _at(expr, np.array([0.0, 1.0]), cut)
    a, b = float(one - zero), float(zero)
    if not (math.isfinite(a) and math.isfinite(b)):
        return None
    close = np.abs(_at(expr, x, cut) - (a * x + b)) <= TOLERANCE * np.maximum(abs(a * x), abs(b))
    return (a, b) if close.all() else None


class Norm(NamedTuple):
    """A norm without its weight."""

    kind: str
    eps: float


def _numbers(expr: Expr | Flow | float, seen: set[int]) -> Iterator[float]:
    if isinstance(expr, float):
        yield expr
    elif isinstance(expr, Expr) and id(expr) not in seen:
        seen.add(id(expr))
        for arg in expr.args:
            yield from _numbers(arg, seen)


def norm(expr: Expr, width: int, cut: Expr | None = None) -> Norm | None:
    """The norm over vectors of `width` numbers that has the values of `expr`."""
    if not expr.reduces or expr.reduced or width < 2:
        return None
    random = np.random.default_rng(1)
    rows = random.standard_normal((4, width))
    for eps in sorted({n for n in _numbers(expr, set()) if 0 < n < 0.1}):
        # Rows with a mean, and rows so small that eps decides.
        x = np.concatenate([rows * 3 + 1, rows * math.sqrt(eps)])
        known = {} if cut is None else {id(cut): x}
        found = value(expr, x, known)
        centred = x - x.mean(-1, keepdims=True)
        for kind, y in (("layer_norm", centred), ("rms_norm", x)):
            wanted = y / np.sqrt((y**2).mean(-1, keepdims=True) + eps)
            if found.shape == x.shape and np.allclose(found, wanted, rtol=1e-5, atol=1e-6):
                # The shortest decimal of the same `f32`.
                return Norm(kind, float(str(np.float32(eps))))
    return None


def is_sinusoidal(table: np.ndarray) -> bool:
    """Whether the rows of a table are sines and cosines of as many angles."""
    squares = np.square(table.astype(np.float64)).sum(-1)
    return len(table) > 1 and np.allclose(squares, table.shape[-1] / 2, rtol=1e-3)


def parts(expr: Expr) -> list[Expr]:
    """Everything inside, larger parts first."""
    found: dict[int, Expr] = {}
    todo = [expr]
    while todo:
        for arg in todo.pop().args:
            if isinstance(arg, Expr) and id(arg) not in found:
                found[id(arg)] = arg
                todo.append(arg)
    return sorted(found.values(), key=lambda one: -one.size)


def depends_on(expr: Expr, cut: Expr) -> bool:
    """Whether all of `expr` that is not a number comes by way of `cut`."""
    for arg in expr.args:
        if isinstance(arg, Flow):
            return False
        if isinstance(arg, Expr) and arg is not cut and not depends_on(arg, cut):
            return False
    return True


def rebased(expr: Expr | Flow | float, known: dict[int, Expr | Flow]) -> Expr | Flow | float:
    """The same function, of flows that some of its parts have become; `known` has these, by id."""
    if isinstance(expr, Flow | float) or id(expr) in known:
        return known.get(id(expr), expr)
    args = tuple(rebased(arg, known) for arg in expr.args)
    given = next(arg for arg in args if not isinstance(arg, float))
    made = Expr(expr.op, args, given if isinstance(given, Flow) else given.base)
    made.maker = expr.maker
    known[id(expr)] = made
    return made
