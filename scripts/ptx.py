"""Compiles CUDA kernels to PTX, checks the PTX, and assembles it for every generation of devices.

usage: ptx.py FOLDER [--check | --usage], with NVIDIA's compiler and assembler installed as packages.
"""

import ctypes
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile

DEVICES = ["sm_80", "sm_90", "sm_100", "sm_120"]
OPTIONS = ["--fmad=false"]
# Sources that are for one generation alone say so. The others are compiled for the oldest.
TARGET = re.compile(r"^// target sm_(\w+)$", re.MULTILINE)
# What would leave the bits to the device or to the compiler. src/ptx.rs of the crate has the same list.
FORBIDDEN = [
    r"\b(add|sub|mul|mad|fma|div|sqrt|rcp)\.(?!rn\b)[\w.]*f(16|32|64)",
    r"\.approx\b",
    r"\.ftz\b",
    r"\.sat\b",
    r"\b(div|rcp)\.full\b",
    r"\b(sin|cos|ex2|lg2|tanh|rsqrt)\.",
    r"\b(min|max)\.[\w.]*f(16|32|64)",
    r"\bcvt\.r[zmp]\.[\w.]*f(16|32|64)",
    r"\bw?mma\.(?![\w.:]*\.s32\b)",
    r"\bwgmma\.mma_async\.(?![\w.:]*\.s32\b)",
]


def packages():
    return next(pathlib.Path(sys.prefix).glob("lib/python3*/site-packages/nvidia"))


class Compiler:
    def __init__(self):
        folder = packages() / "cuda_nvrtc/lib"
        for library in sorted(folder.glob("libnvrtc-builtins.so*")):
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        self.library = ctypes.CDLL(str(next(folder.glob("libnvrtc.so.*"))))

    def call(self, name, *arguments):
        return getattr(self.library, "nvrtc" + name)(*arguments)

    def text(self, program, kind):
        size = ctypes.c_size_t()
        self.call(f"Get{kind}Size", program, ctypes.byref(size))
        text = ctypes.create_string_buffer(size.value)
        self.call(f"Get{kind}", program, text)
        return text.value.decode()

    def compile(self, source):
        """The PTX of a source; an error with the compiler's words if there is none."""
        program = ctypes.c_void_p()
        text, name = source.read_bytes(), source.name.encode()
        self.call("CreateProgram", ctypes.byref(program), text, name, 0, None, None)
        target = TARGET.search(source.read_text(encoding="utf-8"))
        architecture = f"--gpu-architecture=compute_{target[1] if target else 80}"
        options = [architecture, *OPTIONS, f"--include-path={source.parent}"]
        options = [option.encode() for option in options]
        failed = self.call("CompileProgram", program, len(options), (ctypes.c_char_p * len(options))(*options))
        if failed:
            sys.exit(f"{source.name} does not compile:\n{self.text(program, 'ProgramLog')}")
        return self.text(program, "PTX")


def devices(source):
    """What the PTX of a source is for."""
    target = TARGET.search(source.read_text(encoding="utf-8"))
    return [f"sm_{target[1]}"] if target else DEVICES


def stamp(source):
    """SHA-256 of a source and of all headers beside it, in the order of their names."""
    digest = hashlib.sha256(source.read_bytes())
    for header in sorted(source.parent.glob("*.cuh")):
        digest.update(header.read_bytes())
    return f"// source sha256 {digest.hexdigest()}\n"


def faults(ptx):
    for number, line in enumerate(ptx.splitlines(), 1):
        code = line.split("//")[0]
        for rule in FORBIDDEN:
            if re.search(rule, code):
                yield f"line {number}: {code.strip()}"


def assemble(ptx, device, *options):
    assembler = packages() / "cuda_nvcc/bin/ptxas"
    with tempfile.TemporaryDirectory() as folder:
        command = [assembler, f"--gpu-name={device}", *options, ptx, "-o", pathlib.Path(folder) / "out.cubin"]
        return subprocess.run(command, capture_output=True, text=True)


def main():
    folder, mode = pathlib.Path(sys.argv[1]), (sys.argv[2:] or [""])[0]
    compiler, bad = Compiler(), []
    for source in sorted(folder.glob("*.cu")):
        target = source.with_suffix(".ptx")
        if mode == "--usage":
            print(assemble(target, devices(source)[0], "--verbose").stderr, end="")
            continue
        ptx = stamp(source) + compiler.compile(source)
        if mode == "--check" and (target.read_text() if target.exists() else "") != ptx:
            bad.append(f"{target.name} is not what {source.name} gives: run scripts/ptx.sh")
        elif mode == "":
            target.write_text(ptx)
        bad += [f"{target.name} {fault}" for fault in faults(ptx)]
        for device in devices(source):
            result = assemble(target, device)
            if result.returncode:
                bad.append(f"{target.name} does not assemble for {device}:\n{result.stderr}")
    for fault in bad:
        print(f"ptx: {fault}", file=sys.stderr)
    print(f"ptx: {len(list(folder.glob('*.cu')))} sources, {len(bad)} faults")
    sys.exit(1 if bad else 0)


main()
