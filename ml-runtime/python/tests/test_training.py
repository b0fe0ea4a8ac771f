"""Steps against optimisers written out, and the server of steps."""

import io
import json
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from assay_torch import (
    Manifest,
    ManifestError,
    Trainer,
    batches,
    bench,
    from_manifest,
    load_records,
)
from assay_torch.training import make_optimizer, mean_square, rate
from cases import CASES
from test_forward import records

#: A loss whose targets are the input.
MSE = 'kind = "mse"\ntargets = "x"'


def trainer(optimizer, order, name="linear"):
    """A trainer of a case with another `[optimizer]`."""
    text = CASES[name].replace('kind = "sgd"\nlr = 0.1', optimizer)
    read = Manifest.read(text)
    inputs, labels = load_records(read, records(7, 20).tobytes())
    return Trainer(read, from_manifest(read, seed=1), inputs, labels, iter(order))


ORDER = [torch.arange(4) + 4 * (step % 5) for step in range(10)]


def by_hand(made, update, accumulate=1, clip=None):
    """Parameters after ten steps of `update(t, parameter, gradient, state)`."""
    weights = [one.detach().clone() for one in made.module.parameters()]
    states = [{} for _ in weights]
    gradients = [torch.zeros_like(one) for one in weights]
    for step, index in enumerate(ORDER):
        leaves = [one.clone().requires_grad_() for one in weights]
        loss = F.cross_entropy(F.linear(made.inputs[index], *leaves), made.labels[index])
        for total, part in zip(gradients, torch.autograd.grad(loss, leaves), strict=True):
            total += part / accumulate
        if (step + 1) % accumulate:
            continue
        norm = math.sqrt(sum(float((one**2).sum()) for one in gradients))
        factor = 1.0 if clip is None else min(clip / (norm + 1e-6), 1.0)
        for weight, gradient, state in zip(weights, gradients, states, strict=True):
            weight.copy_(update(step // accumulate, weight, gradient * factor, state))
            gradient.zero_()
    return weights


def assert_same(optimizer, update, **options):
    made = trainer(optimizer, ORDER)
    wanted = by_hand(made, update, **options)
    for _ in ORDER:
        made.step()
    for found, exact in zip(made.module.parameters(), wanted, strict=True):
        torch.testing.assert_close(found.detach(), exact, rtol=1e-4, atol=1e-6)


def test_sgd_should_have_momentum_decay_and_the_mean_of_several_steps():
    def update(_, w, g, state):
        state["v"] = 0.9 * state.get("v", 0) + g + 0.01 * w
        return w - 0.1 * state["v"]

    text = 'kind = "sgd"\nlr = 0.1\nmomentum = 0.9\nweight_decay = 0.01\naccumulate = 2'
    assert_same(text, update, accumulate=2)


def test_adamw_should_clip_decay_matrices_and_follow_the_schedule():
    def update(t, w, g, state):
        lr = 0.05 * (t + 1) / 4 if t < 4 else 0.01 + 0.04 * (1 - (t - 4) / 6)
        state["m"] = 0.8 * state.get("m", 0) + 0.2 * g
        state["v"] = 0.9 * state.get("v", 0) + 0.1 * g * g
        m, v = state["m"] / (1 - 0.8 ** (t + 1)), state["v"] / (1 - 0.9 ** (t + 1))
        kept = w * (1 - lr * 0.1) if w.dim() > 1 else w
        return kept - lr * m / (v.sqrt() + 1e-8)

    text = """kind = "adamw"
lr = 0.05
beta1 = 0.8
beta2 = 0.9
eps = 1e-8
weight_decay = 0.1
decay = "matrices"
clip = 0.3
[optimizer.schedule]
kind = "linear"
warmup = 4
min = 0.01"""
    assert_same(text, update, clip=0.3)


def test_rate_should_fall_by_half_a_cosine_and_then_stay():
    schedule = {"kind": "cosine", "warmup": 2, "steps": 10, "min": 0.2}
    found = [rate(schedule, 1.0, 100, update) for update in (0, 1, 2, 6, 10, 50)]
    assert found == pytest.approx([0.5, 1.0, 1.0, 0.6, 0.2, 0.2])


def test_frozen_parameters_should_stay_and_adapters_move():
    made = trainer('kind = "sgd"\nlr = 0.1', ORDER, "linear with lora")
    before = {name: value.clone() for name, value in made.module.state_dict().items()}
    for _ in range(2):
        made.step()
    moved = {
        name for name, value in made.module.state_dict().items() if (value != before[name]).any()
    }
    assert moved == {"0.lora_A.weight", "0.lora_B.weight", "1.weight", "1.bias"}


def test_fused_should_be_the_same_rule():
    section = {"kind": "adamw", "lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8}
    modules = [from_manifest(CASES["linear"], seed=1) for _ in range(2)]
    for module, fused in zip(modules, (False, True), strict=True):
        optimizer = make_optimizer(module, section, fused=fused)
        for _ in range(3):
            optimizer.zero_grad()
            module(torch.ones(2, 12)).square().sum().backward()
            optimizer.step()
    for one, other in zip(*(module.parameters() for module in modules), strict=True):
        torch.testing.assert_close(one, other)


def test_batches_should_have_every_record_once_per_epoch():
    order = batches(10, 4, seed=3)
    found = torch.cat([next(order) for _ in range(5)]).tolist()
    assert sorted(found[:10]) == sorted(found[10:]) == list(range(10))
    assert found[:10] != found[10:]
    again = batches(10, 4, seed=3)
    assert torch.cat([next(again) for _ in range(5)]).tolist() == found


def test_server_should_keep_the_network_between_requests(tmp_path):
    manifest, data = tmp_path / "task.toml", tmp_path / "data.bin"
    manifest.write_text(CASES["linear"])
    data.write_bytes(records(3, 20).tobytes())
    request = {"manifest": str(manifest), "data": str(data), "threads": 1, "steps": 30}
    lines = [json.dumps(request)] * 2 + ["", "{}", json.dumps({**request, "steps": 0})]
    out = io.StringIO()
    bench.serve(io.StringIO("\n".join(lines)), out)
    first, second, wrong, none = map(json.loads, out.getvalue().splitlines())
    assert first["seconds"] > 0
    read = Manifest.read(manifest)
    inputs, labels = load_records(read, data.read_bytes())
    alone = Trainer(read, from_manifest(read, seed=0), inputs, labels, batches(20, 4, seed=0))
    losses = [alone.step().item() for _ in range(60)]
    assert [first["loss"], second["loss"]] == pytest.approx([losses[29], losses[59]])
    assert "KeyError" in wrong["error"] and "ValueError" in none["error"]


def test_mean_square_should_count_rows_that_are_seen():
    outputs, targets = torch.randn(3, 5, 2), torch.randn(3, 10)
    exact = (outputs - targets.view(3, 5, 2)) ** 2
    torch.testing.assert_close(mean_square(outputs, targets), exact.mean())
    seen = torch.arange(5) < torch.tensor([[2], [5], [0]])
    torch.testing.assert_close(mean_square(outputs, targets, seen), exact[seen].mean())
    assert mean_square(outputs, targets, torch.zeros(3, 5, dtype=torch.bool)) == 0


def test_targets_should_be_numbers_of_the_record():
    text = CASES["linear"].replace('kind = "cross_entropy"\nlabels = "label"', MSE)
    manifest = Manifest.read(text)
    content = np.arange(manifest.data.record_size * 3, dtype=np.uint8)
    inputs, targets = load_records(manifest, content)
    assert targets.dtype == torch.float32
    torch.testing.assert_close(targets, inputs.flatten(1))
    with pytest.raises(ManifestError, match="known: cross_entropy, mse"):
        Manifest.read(CASES["linear"].replace("cross_entropy", "mae"))


def test_loss_should_be_the_mean_over_positions():
    made = trainer('kind = "sgd"\nlr = 0.1', [torch.arange(20)], "tied_linear")
    logits = made.module(made.inputs).detach().double().numpy()
    log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    wanted = -np.take_along_axis(log, made.labels.numpy()[..., None], -1).mean()
    assert made.labels.shape == (20, 6)
    assert made.step().item() == pytest.approx(wanted, rel=1e-5)
