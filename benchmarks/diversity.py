"""Diversity: streamed spectrum against numpy's covariance, and near pairs, on vectors that this program makes up.

python -m benchmarks.diversity [--rows 1000000] [--pairs 100000]

Each figure is of a process of its own: seconds, and the most memory it took beyond its data. The vectors' spectrum is
made so that effective rank and participation ratio come near those published for FineVision (359.22 and 182.52).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.analyses.diversity.figures import effective_rank, participation_ratio
from engine.analyses.diversity.near import pairs_above
from engine.analyses.diversity.spectrum import eigenvalues, moments

D = 512
_PLANTED, _FLOOR, _BLOCK = 2_000, 0.75, 2_048


def spectrum_like_finevision() -> np.ndarray:
    """Eigenvalues (512,) of ER 359.2 and PR 182.5: a slow decay, with a few strong axes in front."""
    axis = np.arange(1, D + 1)
    return (1 + 13.365 * np.exp(-axis / 8)) * np.exp(-axis / 579.6)


def make(path: Path, n: int, values: np.ndarray, planted: int = 0) -> None:
    """Unit vectors (n, 512) float32 of this spectrum, turned; the last `planted` are the first ones with some noise."""
    rng = np.random.default_rng(0)
    turn = (np.linalg.qr(rng.standard_normal((D, D)))[0] * np.sqrt(values)).astype(np.float32).T
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (n, D))
    for start in range(0, n, 50_000):
        part = rng.standard_normal((min(50_000, n - start), D), dtype=np.float32) @ turn
        rows[start : start + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    if planted:
        noise = rng.standard_normal((planted, D), dtype=np.float32) @ turn
        near = rows[:planted] + 0.4 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        rows[-planted:] = near / np.linalg.norm(near, axis=1, keepdims=True)


def one_shot(rows: np.ndarray) -> dict[str, Any]:
    """The reference's way: numpy's covariance of everything at once."""
    return _ranks(np.linalg.eigvalsh(np.cov(rows.T)).clip(0))


def streamed(rows: np.ndarray) -> dict[str, Any]:
    """Ours."""
    found = moments(rows)
    return _ranks(eigenvalues(found.scatter, found.n))


def near(rows: np.ndarray) -> dict[str, Any]:
    """All near pairs; how many of the planted ones are among them, and how many others."""
    found = pairs_above(rows, _FLOOR)
    told = _counted(rows, found.first, found.second)
    return told | {"compared": f"{found.compared[0]} of {found.compared[1]}"}


def plain(rows: np.ndarray) -> dict[str, Any]:
    """The plain way: every block of products in full, on all processors."""
    found = []
    for start in range(0, len(rows), _BLOCK):
        for other in range(start, len(rows), _BLOCK):
            i, j = np.nonzero(rows[start : start + _BLOCK] @ rows[other : other + _BLOCK].T >= _FLOOR)
            found.append(np.stack([i + start, j + other])[:, i + start < j + other])
    first, second = np.concatenate(found, axis=1)
    return _counted(rows, first, second) | {"compared": f"{rows.shape[1]} of {rows.shape[1]}"}


def _counted(rows: np.ndarray, first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    planted = {(i, len(rows) - _PLANTED + i) for i in range(_PLANTED)}
    true = {pair for pair in planted if float(rows[pair[0]] @ rows[pair[1]]) >= _FLOOR}
    return {
        "planted": len(true),
        "found": len(pairs & true),
        "others": len(pairs - planted),
    }


def _ranks(values: np.ndarray) -> dict[str, Any]:
    return {"ER": effective_rank(values), "PR": participation_ratio(values)}


def measured(path: Path) -> None:
    """In the process that is measured: load the data into memory, then time one way and take the memory's peak."""
    what = sys.argv[2]
    rows = np.load(path)
    _ = np.ones((512, 512)) @ np.ones((512, 512))  # wakes the threads of BLAS
    before = _reset_peak()
    began, busy = time.perf_counter(), time.process_time()
    said = {"one_shot": one_shot, "streamed": streamed, "near": near, "plain": plain}[what](rows)
    took = {"seconds": time.perf_counter() - began, "processor": time.process_time() - busy}
    print(json.dumps({**took, "megabytes": (_peak() - before) / 1e6, **said}))


def _reset_peak() -> float:
    """Forget the peak so far, where Linux can; bytes in use now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> float:
    said = Path("/proc/self/status").read_text()
    line = next((line for line in said.splitlines() if line.startswith("VmHWM")), "")
    return float(line.split()[1]) * 1024 if line else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _asked(what: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.diversity", "--measure", what, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    return json.loads(said.stdout.splitlines()[-1])


def main() -> None:
    """Print the tables."""
    if sys.argv[1:2] == ["--measure"]:
        measured(Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=100_000)
    said = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} before\n")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "rows.npy"
        make(path, said.rows, spectrum_like_finevision())
        ways = {what: _asked(what, path) for what in ("one_shot", "streamed")}
        print(f"Spectrum of {said.rows:,} x {D} float32, {said.rows * D * 4 / 1e6:,.0f} MB:\n")
        print("| way | seconds | processor seconds | MB beyond the data | ER | PR |\n|---|---|---|---|---|---|")
        for what, f in ways.items():
            print(
                f"| {what.replace('_', '-')} | {f['seconds']:.1f} | {f['processor']:.1f} | {f['megabytes']:,.0f} "
                f"| {f['ER']:.6f} | {f['PR']:.6f} |"
            )
        a, b = ways["one_shot"], ways["streamed"]
        faster, memory = a["seconds"] / b["seconds"], b["megabytes"] / a["megabytes"]
        differ = ", ".join(f"{name} differs by {abs(a[name] / b[name] - 1):.1e}" for name in ("ER", "PR"))
        print(f"\n{faster:.1f} times faster, {memory:.3f} of the memory; {differ}.\n")
        print(f"Pairs with a cosine of {_FLOOR} or more among {said.pairs:,} x {D}, {_PLANTED:,} of them planted:\n")
        print("| spectrum | way | seconds | processor seconds | MB beyond data | planted | found | others | compared |")
        print("|---|---|---|---|---|---|---|---|---|")
        for name, values in (("like FineVision's", spectrum_like_finevision()), ("isotropic", np.ones(D))):
            make(path, said.pairs, values, _PLANTED)
            for way, what in (("all products", "plain"), ("ours", "near")):
                f = _asked(what, path)
                print(
                    f"| {name} | {way} | {f['seconds']:.1f} | {f['processor']:.1f} | {f['megabytes']:,.0f} "
                    f"| {f['planted']:,} | {f['found']:,} | {f['others']:,} | {f['compared']} |"
                )


if __name__ == "__main__":
    main()
