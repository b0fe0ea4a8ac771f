"""PyTorch modules to task manifests and back, with the same names, shapes and numbers.

```python
import assay_torch

network = assay_torch.from_manifest("task.toml")     # nested torch.nn.Sequential
text = assay_torch.to_manifest(network, input=…, data=…, task=…, loss=…, optimizer=…)
```
"""

from .bert import Imported, import_bert
from .build import from_manifest
from .errors import ManifestError, Missing, Unsupported
from .export import Exported, export, to_manifest
from .layers import Layer, Lora
from .manifest import Data, Field, Manifest, Model
from .modules import (
    Attention,
    LoRALinear,
    PixelLayerNorm,
    PixelRMSNorm,
    Pool,
    Position,
    Residual,
    SwiGLU,
    TiedLinear,
)
from .records import load_records, load_safetensors, save_safetensors
from .training import Trainer, batches, cross_entropy

__all__ = [
    "Attention",
    "Data",
    "Exported",
    "Field",
    "Imported",
    "Layer",
    "LoRALinear",
    "Lora",
    "Manifest",
    "ManifestError",
    "Missing",
    "Model",
    "PixelLayerNorm",
    "PixelRMSNorm",
    "Pool",
    "Position",
    "Residual",
    "SwiGLU",
    "TiedLinear",
    "Trainer",
    "Unsupported",
    "batches",
    "cross_entropy",
    "export",
    "from_manifest",
    "import_bert",
    "load_records",
    "load_safetensors",
    "save_safetensors",
    "to_manifest",
]
