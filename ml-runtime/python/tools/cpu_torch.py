"""Makes the CUDA build of PyTorch importable on a machine that has no CUDA libraries.

PyPI's Linux wheels of torch link cuBLAS, cuDNN, NCCL and others, gigabytes that a CPU never calls.
This puts an empty stand-in beside torch for each library that the loader would miss: the names and
versions that torch asks for, each a function that returns an error. Needs `readelf`, `nm` and a C
compiler. Run it with the Python of the environment that torch is installed in.
"""

from __future__ import annotations

import re
import subprocess
import sysconfig
import tempfile
from collections import defaultdict
from pathlib import Path

SITE = Path(sysconfig.get_paths()["purelib"])
TORCH = SITE / "torch" / "lib"

#: Libraries of NVIDIA, by the start of their file name. The CUDA runtime itself is small and real.
FOREIGN = re.compile(r"lib(cu|nccl|nvrtc|nvshmem|nvjit|nvtx)")
REAL = re.compile(r"lib(cudart|cuda)\.so")

#: Where symbols without a version belong.
PREFIXES = {
    "nccl": "libnccl",
    "cuFile": "libcufile",
    "cusparseLt": "libcusparseLt",
    "curand": "libcurand",
}


def output(*command: str) -> str:
    """Standard output of a command that must succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def wanted() -> dict[str, dict[str, set[str]]]:
    """For each missing library, the symbols that torch wants, by version ("" for none)."""
    symbols: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    files = sorted(TORCH.glob("*.so*"))
    for file in files:
        for name in re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-dW", str(file))):
            if FOREIGN.match(name) and not REAL.match(name) and not (TORCH / name).exists():
                symbols[name].update()
    for file in files:
        owner: dict[str, str] = {}
        for line in output("readelf", "-VW", str(file)).splitlines():
            if found := re.search(r"File: (\S+)", line):
                library = found[1]
            elif (found := re.search(r"Name: (\S+)", line)) and library in symbols:
                owner[found[1]] = library
        for line in output("nm", "-D", "--undefined-only", str(file)).splitlines():
            name, _, version = line.split()[-1].replace("@@", "@").partition("@")
            if version in owner:
                symbols[owner[version]][version].add(name)
            elif not version:
                for prefix, library in PREFIXES.items():
                    if name.startswith(prefix):
                        for known in symbols:
                            if known.startswith(library + "."):
                                symbols[known][""].add(name)
    return symbols


def build(library: str, versions: dict[str, set[str]], to: Path) -> None:
    """Compiles the stand-in of one library."""
    names = sorted(set().union(*versions.values()))
    source = "".join(f"int {name}(void) {{ return 999; }}\n" for name in names)
    nodes = [
        f"{version} {{ global: {' '.join(f'{name};' for name in sorted(found))} }};\n"
        for version, found in sorted(versions.items())
        if version and found
    ]
    with tempfile.TemporaryDirectory() as folder:
        code, script = Path(folder, "stub.c"), Path(folder, "stub.map")
        code.write_text(source or "typedef int nothing;\n")
        script.write_text("".join(nodes))
        command = [
            "cc",
            "-w",
            "-fno-builtin",
            "-shared",
            "-fPIC",
            f"-Wl,-soname,{library}",
            "-o",
            str(to),
            str(code),
        ]
        subprocess.run(
            [*command, f"-Wl,--version-script={script}"] if nodes else command, check=True
        )


def main() -> None:
    """Builds a stand-in for every library that is not there."""
    folder = TORCH
    for library, versions in sorted(wanted().items()):
        build(library, versions, folder / library)
        print(f"{library}: {sum(map(len, versions.values()))} symbols")


if __name__ == "__main__":
    main()
