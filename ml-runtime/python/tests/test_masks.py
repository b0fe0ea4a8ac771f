"""Padding: nothing looks at it, and its labels do not count."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from assay_torch import (
    Manifest,
    ManifestError,
    Masked,
    Trainer,
    cross_entropy,
    from_manifest,
    load_masks,
    load_records,
)
from cases import EMBEDDING, HEAD, LABEL, LABELS, MEAN, TOKENS, manifest
from test_export import same

SEEN = 'seen = { offset = 20, width = 6, format = "u8" }'
INVERSE = 'seen = { offset = 20, width = 6, format = "u8", scale = -1.0, shift = 1.0 }'
ATTENTION = 'kind = "attention"\nheads = 2'
CAUSAL = f"{ATTENTION}\ncausal = true\nrope = 100"


def masked(layers, label=LABEL, seen=SEEN):
    text = manifest(f"{TOKENS}\n{seen}", [6], [EMBEDDING, *layers], label)
    return text.replace('input = "x"\n', 'input = "x"\nmask = "seen"\n')


def records(lengths, padding):
    """Tokens, which are `padding` behind the length, the mask, and labels."""
    content = np.random.default_rng(4).integers(0, 256, (len(lengths), 406), dtype=np.uint8)
    content[:, 400:] %= 5
    for row, length in zip(content, lengths, strict=True):
        row[length:6] = padding
        row[20:26] = [7] * length + [0] * (6 - length)
    return content


@pytest.mark.parametrize(
    ("layers", "take"),
    [
        ([ATTENTION, MEAN, HEAD], None),
        ([CAUSAL, ATTENTION, HEAD], "each"),
        ([CAUSAL, HEAD], "each"),
    ],
)
def test_logits_should_be_those_of_the_shorter_sequence(layers, take):
    read = Manifest.read(masked(layers, LABELS if take else LABEL))
    module = from_manifest(read, seed=3)
    assert isinstance(module, Masked)
    lengths = [6, 4, 1]
    content = records(lengths, 9).tobytes()
    inputs, _ = load_records(read, content)
    seen = load_masks(read, content).seen
    assert seen.sum(1).tolist() == lengths
    with torch.no_grad():
        found = module(inputs, seen)
        for row, length in enumerate(lengths):
            short = inputs[row : row + 1, :length]
            wanted = module(short, torch.ones(1, length, dtype=torch.bool))[0]
            torch.testing.assert_close(found[row][:length] if take else found[row], wanted)
            plain = torch.nn.Sequential(*module)
            for one in plain.modules():
                one.seen = None
            torch.testing.assert_close(plain(short)[0], wanted)


def test_sequence_should_have_finite_logits_when_it_is_all_padding():
    read = Manifest.read(masked([CAUSAL, ATTENTION, MEAN, HEAD]))
    inputs, _ = load_records(read, records([0], 9).tobytes())
    module = from_manifest(read, seed=3)
    assert module(inputs, torch.zeros(1, 6, dtype=torch.bool)).isfinite().all()


def test_loss_should_be_the_mean_of_what_counts():
    logits, labels = torch.randn(2, 3, 5), torch.tensor([[1, 2, 200], [4, 200, 200]])
    counted = torch.tensor([[True, True, False], [True, False, False]])
    rows = torch.stack([logits[0, 0], logits[0, 1], logits[1, 0]])
    wanted = F.cross_entropy(rows, torch.tensor([1, 2, 4]))
    torch.testing.assert_close(cross_entropy(logits, labels, counted), wanted)
    assert cross_entropy(logits, labels, torch.zeros_like(counted)) == 0


def test_labels_should_count_where_the_loss_says_so():
    content = records([6, 2], 9)
    per_position = masked([HEAD], LABELS)
    own = per_position.replace('labels = "label"', 'labels = "label"\nmask = "other"')
    other = f'{SEEN}\nother = {{ offset = 26, width = 6, format = "u8" }}'
    content[:, 26:32] = [1, 0, 0, 0, 0, 1]
    masks = load_masks(Manifest.read(own.replace(SEEN, other)), content.tobytes())
    assert masks.seen.sum(1).tolist() == [6, 2]
    assert masks.counted.tolist() == [[True, False, False, False, False, True]] * 2
    assert load_masks(Manifest.read(masked([MEAN, HEAD])), content.tobytes()).counted is None
    masks = load_masks(Manifest.read(masked([HEAD], LABELS, INVERSE)), content.tobytes())
    # 7 becomes −6, and 0 becomes 1.
    assert masks.counted.all()


def test_training_should_not_depend_on_padding():
    read = Manifest.read(masked([ATTENTION, HEAD], LABELS))
    losses = []
    for padding in (9, 77):
        content = records([3, 6, 1, 4], padding).tobytes()
        inputs, labels = load_records(read, content)
        order = iter([torch.arange(4)] * 3)
        module, masks = from_manifest(read, seed=1), load_masks(read, content)
        trainer = Trainer(read, module, inputs, labels, order, masks=masks)
        losses.append([trainer.step().item() for _ in range(3)])
    assert losses[0] == losses[1]
    assert losses[0][2] < losses[0][0]


def test_mask_should_come_back_from_the_network():
    text = masked([ATTENTION, HEAD], LABELS)
    assert same(text) == Manifest.read(text)
    assert Manifest.read(text).model.mask == "seen"


def test_mask_should_be_refused_when_there_is_no_such_field():
    with pytest.raises(ManifestError, match="no field 'unseen'"):
        Manifest.read(masked([HEAD]).replace('mask = "seen"', 'mask = "unseen"'))
