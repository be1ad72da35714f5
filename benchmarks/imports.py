"""Measure `import nsimlib` in a new process, and see that it imports nothing large."""

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Figure

__all__ = ["measure"]

RUNS = 5
LARGE = ("IPython", "ipywidgets", "matplotlib", "msgspec", "networkx", "pandas", "simpy", "tqdm")
PROGRAM = f"""
import sys, time
start = time.perf_counter()
import nsimlib
seconds = time.perf_counter() - start
print(seconds, *(name for name in {LARGE} if name in sys.modules))
"""


def measure() -> Iterator[Figure]:
    """Yield the best time; fail if a large package came along."""
    runs = [
        subprocess.check_output([sys.executable, "-c", PROGRAM], text=True).split()
        for _ in range(RUNS)
    ]
    if large := runs[0][1:]:
        raise SystemExit(f"import nsimlib also imports {', '.join(large)}")
    yield Figure("import", "seconds", "`import nsimlib`", min(float(run[0]) for run in runs))
