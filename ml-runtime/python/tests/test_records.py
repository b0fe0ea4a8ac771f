"""Records and model files."""

import numpy as np
import pytest
import torch

from assay_torch import (
    Manifest,
    ManifestError,
    from_manifest,
    load_records,
    load_safetensors,
    save_safetensors,
)
from cases import CASES, HEAD, LABELS, TOKENS, image, manifest


def test_images_should_be_channels_first_and_scaled():
    content = np.arange(2 * 406, dtype=np.int64).astype(np.uint8).reshape(2, 406)
    inputs, labels = load_records(Manifest.read(image()), content.tobytes())
    assert inputs.shape == (2, 3, 7, 4)
    # Row 2, column 1, channel 2 is byte (2 · 4 + 1) · 3 + 2.
    assert inputs[1, 2, 2, 1].item() == content[1, 29] / 128 - 1
    assert labels.tolist() == content[:, 400].tolist()
    assert labels.dtype == torch.int64


def test_labels_should_keep_positions_when_there_are_several():
    content = np.arange(406, dtype=np.int64).astype(np.uint8)
    text = manifest(TOKENS, [6], [CASES["embedding"].split("[[model.layer]]\n")[1], HEAD], LABELS)
    inputs, labels = load_records(Manifest.read(text), content.tobytes())
    assert inputs.tolist() == [[0, 1, 2, 3, 4, 5]]
    assert labels.tolist() == [content[400:].tolist()]


@pytest.mark.parametrize("size", [0, 405, 407])
def test_records_should_be_refused_when_they_are_not_whole(size):
    with pytest.raises(ManifestError, match="no records of 406"):
        load_records(Manifest.read(image()), bytes(size))


@pytest.mark.parametrize("name", ["tied_linear", "attention with lora", "residual with skip"])
def test_model_file_should_bring_the_parameters_back(tmp_path, name):
    module, other = from_manifest(CASES[name], seed=1), from_manifest(CASES[name], seed=2)
    file = tmp_path / "model.safetensors"
    save_safetensors(module, file)
    load_safetensors(other, file)
    found, wanted = other.state_dict(), module.state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_model_file_should_be_refused_when_it_is_another_networks(tmp_path):
    file = tmp_path / "model.safetensors"
    save_safetensors(from_manifest(CASES["swiglu"]), file)
    with pytest.raises(ManifestError, match="does not fit"):
        load_safetensors(from_manifest(CASES["attention"]), file)
