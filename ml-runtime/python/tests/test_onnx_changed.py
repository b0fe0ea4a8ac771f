"""Graphs that are changed at random: what is still imported must still compute the same."""

import numpy as np

from assay_torch import Unsupported
from assay_torch.errors import OnnxError
from onnx_graphs import Graph, compare, evaluated, helper, numpy_helper
from test_onnx_images import channels_innermost, lenet, residual
from test_onnx_sequences import encoder, gpt

UNARY = ["Relu", "Tanh", "Sigmoid", "Neg", "Sqrt", "Erf", "Identity", "Exp", "Gelu", "Abs"]
BINARY = ["Add", "Sub", "Mul", "Div"]
MUTANTS = 200


def flattened_innermost():
    g = Graph(3, 8, 9)
    return g.model(lenet(g, channels_innermost))


def another_operator(random, graph, node):
    for names in (UNARY, BINARY):
        if node.op_type in names:
            node.op_type = str(random.choice(names))


def other_inputs(random, graph, node):
    names = [name for other in graph.node for name in other.output] + list(node.input)
    node.input[random.integers(len(node.input))] = str(random.choice(names))


def another_attribute(random, graph, node):
    for one in node.attribute:
        value = helper.get_attribute_value(one)
        if isinstance(value, list):
            value = [value[place] for place in random.permutation(len(value))]
        elif isinstance(value, int):
            value = int(random.integers(-2, 4))
        elif isinstance(value, float):
            value = float(random.choice([0.1, 1e-5, 2.0]))
        one.CopyFrom(helper.make_attribute(one.name, value))


def another_constant(random, graph, node):
    tensor = graph.initializer[random.integers(len(graph.initializer))]
    array = numpy_helper.to_array(tensor).copy()
    place = random.integers(array.size)
    if array.dtype == np.int64:
        array.flat[place] += random.integers(-2, 3)
    else:
        array.flat[place] *= random.choice([0.5, -1.0, 0.0])
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


CHANGES = [another_operator, other_inputs, another_attribute, another_constant]


class Invalid(Exception):  # noqa: N818 - the evaluator refuses the graph
    pass


def run(model, x):
    try:
        return evaluated(model, x)
    except Exception as error:
        raise Invalid from error


def test_changed_graph_should_compute_the_same_or_be_refused(tmp_path):
    random = np.random.default_rng(11)
    originals = [encoder(), gpt(), residual("layer", "ReduceMean"), flattened_innermost()]
    same, refused = 0, 0
    for number in range(MUTANTS):
        model = type(originals[0])()
        model.CopyFrom(originals[number % len(originals)])
        node = model.graph.node[random.integers(len(model.graph.node))]
        CHANGES[random.integers(len(CHANGES))](random, model.graph, node)
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            compare(model, folder, run=run)
            same += 1
        except (OnnxError, Unsupported):
            refused += 1
        except Invalid:
            continue
    assert same > MUTANTS // 5 and refused > MUTANTS // 5
