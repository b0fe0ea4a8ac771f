"""`python -m assay_torch`: exports, imports, trains, evaluates and compares."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from .errors import InputError, ManifestError, OnnxError, Unsupported
from .manifest import Manifest

Run = Callable[[argparse.Namespace], int]


def installed(name: str) -> ModuleType:
    """A module of this package, with the packages that it takes."""
    try:
        return importlib.import_module(name, __package__)
    except ModuleNotFoundError as error:
        raise InputError(
            f"{error.name} is not installed; scripts/python.sh --run installs what a command takes"
        ) from error


def with_torch(name: str) -> Run:
    """A function of `commands`, which is loaded, and PyTorch with it, when it runs."""

    def run(args: argparse.Namespace) -> int:
        return getattr(
            installed(".commands"), "serve" if name == "bench" else name.replace("-", "_")
        )(args)

    return run


def import_onnx(args: argparse.Namespace) -> int:
    """Makes a folder of an ONNX file."""
    onnx, files = installed(".onnx"), installed(".onnx.write")
    other = Manifest.read(Path(args.like)) if args.like else None
    field = args.input or (other.model.input if other else "input")
    if other and field not in other.data.fields:
        raise ManifestError(f"there is no field {field!r} in {args.like}")
    mask = args.mask or (other and other.model.mask) or "mask"
    if mask == field:
        raise ManifestError(f"the field {mask!r} cannot be both the input and its mask")
    found = onnx.import_onnx(
        args.model,
        input=field,
        mask=mask,
        shape=args.shape,
        output=args.output,
        channels_last=args.channels_last,
        dropout=args.dropout,
        first_position=args.first_position,
        with_names=bool(args.names),
    )
    folder = Path(args.out)
    names = Path(args.names) if args.names else None
    files.write(found, Path(args.model), folder, other, names)
    if other and other.model.mask and not found.model.mask:
        found.notes.append(f"the mask of {args.like} is left out: the graph takes none")
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    numbers = sum(array.size for array in found.tensors.values())
    kinds = ", ".join(layer.kind for layer in found.model.layers)
    if args.names:
        back = installed(".back")
        if left := sorted(found.tensors.keys() - {*found.names.values()}):
            print(f"note: {back.listed(left)}: {UNNAMED}", file=sys.stderr)
    print(f"{folder / files.MANIFEST}: {kinds}")
    print(f"{folder / files.WEIGHTS}: {len(found.tensors)} tensors, {numbers:,} numbers")
    return 0


#: Why a tensor does not go back.
UNNAMED = (
    "no way back to names of the file, as they were joined, turned or cut, or are several there"
)


def back(args: argparse.Namespace) -> int:
    """Gives a trained model the names that its parameters had."""
    files = installed(".back")
    found, left = files.renamed(files.read_tensors(args.weights), files.read_names(args.names))
    files.write_tensors(found, args.out)
    if left:
        print(f"note: {files.listed(left)}: left out, as they have no other names", file=sys.stderr)
    print(f"{args.out}: {len(found)} tensors")
    return 0


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def place(text: str) -> int:
    """A whole number, 0 or above."""
    return 0 if text == "0" else count(text)


#: What a file of names says.
NAMES = "its parameters are called in model files, for `back`"


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    root = argparse.ArgumentParser(prog="python -m assay_torch", description=__doc__)
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, run: Run | None = None) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(run=run or with_torch(name))
        return one

    one = command("manifest", "print the manifest of a module of torch")
    one.add_argument("module", help="package.module:name of it, or of a function that makes it")
    one.add_argument("--like", required=True, help="manifest that everything but layers is from")
    one.add_argument(
        "--shape",
        type=count,
        nargs="+",
        help="shape of the input, if not the same, as a manifest has it: rows, columns, channels "
        "of an image; positions, features of a sequence",
    )
    one.add_argument("--weights", help="write starting weights to this file")

    one.add_argument("--names", help=f"write to this file what {NAMES}")

    one = command("back", "give a trained model the names of the module that it was made of", back)
    one.add_argument("weights", help="model file of the training")
    one.add_argument("names", help="what --names of manifest or import-onnx wrote")
    one.add_argument("out", help="file of safetensors for load_state_dict")

    for name, text in [
        ("bert", "print the manifest of a BERT checkpoint"),
        ("llama", "print the manifest of a Llama, Mistral, Qwen2 or Qwen3 checkpoint"),
    ]:
        one = command(name, text)
        one.add_argument("checkpoint", help="folder with model.safetensors and config.json")
        one.add_argument(
            "--like", required=True, help="manifest that everything but the model is from"
        )
        one.add_argument("--input", default="tokens", help="field of tokens (default: tokens)")
        how = one.add_mutually_exclusive_group()
        if name == "bert":
            one.add_argument("--pool", choices=["first", "mean"], default="mean")
            one.add_argument("--classes", type=count, required=True)
            how.add_argument(
                "--whole",
                action="store_true",
                help="let the encoder learn as a whole (default: the head alone, and adapters)",
            )
            rank = "adapters of this rank on queries and values; else the encoder stays as it is"
        else:
            rank = "adapters of this rank on queries and values, and all else stays"
        how.add_argument("--rank", type=count, help=rank)
        one.add_argument("--alpha", type=float, help="their alpha (default: the rank)")
        one.add_argument("--seed", type=int, default=0, help="of new weights")
        one.add_argument("--weights", help="write starting weights to this file")

    one = command(
        "export-llama",
        "write a trained model of `llama`, or its adapters, for HuggingFace's libraries",
    )
    one.add_argument("manifest")
    one.add_argument("weights", help="model file of the training")
    one.add_argument("out", help="folder to make")
    one.add_argument("--base", default="", help="name or folder of the checkpoint, for adapters")

    one = command("train", "train with PyTorch")
    one.add_argument("manifest")
    one.add_argument("--data", required=True, help="file of records")
    one.add_argument("--steps", type=count, help="default: those of the manifest")
    one.add_argument("--seed", type=int, default=0, help="of weights and order")
    one.add_argument(
        "--task-order",
        action="store_true",
        help="read the records in the order in which the task's workers do",
    )
    one.add_argument("--threads", type=count)
    one.add_argument("--weights", help="start from this model file")
    one.add_argument("--save", help="write the trained model file")
    one.add_argument("--out", required=True, help="CSV of losses")

    for name, text in [
        ("logits", "write logits"),
        ("check", "compare with logits from elsewhere; exits with 1 beyond the tolerance"),
    ]:
        one = command(name, text)
        one.add_argument("manifest")
        one.add_argument("weights", help="model file")
        one.add_argument("data", help="file of records")
        one.add_argument("--records", type=count, help="the first ones only")
        if name == "logits":
            one.add_argument("--out", required=True, help="file of numpy")
        else:
            one.add_argument("--logits", required=True, help=".npy or .safetensors")
            one.add_argument("--tolerance", type=float, default=1e-4)

    one = command("import-onnx", "make a task and its weights of an ONNX file", import_onnx)
    one.add_argument("model", help="the .onnx file, with its external data beside it")
    one.add_argument("out", help="a new folder for task.toml and weights.safetensors")
    one.add_argument("--like", help="manifest that everything but the model is from")
    one.add_argument("--input", help="field that the model is fed (default: that of --like)")
    one.add_argument("--mask", help="field that marks padding (default: that of --like, or mask)")
    one.add_argument(
        "--shape",
        type=count,
        nargs="+",
        help="shape of one record, if the file leaves it open, in the order of the graph's input: "
        "mostly channels, rows, columns of an image",
    )
    one.add_argument("--output", help="name of the logits, if there are several outputs")
    one.add_argument(
        "--channels-last", action="store_true", help="the graph gets rows × columns × channels"
    )
    one.add_argument(
        "--no-dropout", dest="dropout", action="store_false", help="leave the graph's dropout out"
    )

    one.add_argument("--names", help=f"write to this file what {NAMES}, as far as they stay as is")
    one.add_argument(
        "--first-position",
        type=place,
        default=0,
        metavar="N",
        help="what an input position_ids begins with: 2 for RoBERTa (default: 0)",
    )

    command("bench", "answer JSON lines with the time of training steps")
    return root


def main() -> int:
    """Runs a command; what the user can mend is one line."""
    args = parser().parse_args()
    try:
        return args.run(args)
    except (InputError, ManifestError, OnnxError, Unsupported, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
