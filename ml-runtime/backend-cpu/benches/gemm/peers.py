"""Times matrix products of numpy (OpenBLAS) or of PyTorch, on request.

Usage: peers.py numpy|torch THREADS. One line comes in for each measurement, `batch m k n ta tb before calls`, and
one goes out, the seconds that a call took, after those before it. The first line that goes out says that the library is there.
"""

import sys
import time


def noise(numpy, shape):
    return (numpy.random.default_rng(1).random(shape, dtype=numpy.float32) - 0.5).astype("float32")


def by_numpy(threads):
    import numpy

    def product(a, b, ta, tb, shape):
        a = a.swapaxes(1, 2) if ta else a
        b = b.swapaxes(1, 2) if tb else b
        out = numpy.empty(shape, dtype=numpy.float32)
        if shape[0] == 1:
            a, b, out = a[0], b[0], out[0]
        return lambda: numpy.matmul(a, b, out=out)

    return product


def by_torch(threads):
    import torch

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)

    def product(a, b, ta, tb, shape):
        a, b = torch.from_numpy(a), torch.from_numpy(b)
        a = a.transpose(1, 2) if ta else a
        b = b.transpose(1, 2) if tb else b
        out = torch.empty(shape)
        if shape[0] == 1:
            a, b, out = a[0], b[0], out[0]
        return lambda: torch.matmul(a, b, out=out)

    return product


def main():
    import numpy

    library, threads = sys.argv[1], int(sys.argv[2])
    product = {"numpy": by_numpy, "torch": by_torch}[library](threads)
    print("ready", flush=True)
    known, run = None, None
    for line in sys.stdin:
        batch, m, k, n, ta, tb, before, calls = map(int, line.split())
        if known != (batch, m, k, n, ta, tb):
            known = (batch, m, k, n, ta, tb)
            a = noise(numpy, (batch, k, m) if ta else (batch, m, k))
            b = noise(numpy, (batch, n, k) if tb else (batch, k, n))
            run = product(a, b, ta, tb, (batch, m, n))
            run()
        for _ in range(before):
            run()
        start = time.perf_counter()
        for _ in range(calls):
            run()
        seconds = (time.perf_counter() - start) / calls
        if threads > 1:
            # Its threads wait for more work for a while, and would be in the others' way.
            time.sleep(0.15)
        print(seconds, flush=True)


main()
