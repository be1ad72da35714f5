"""Measure `import nsimlib` in a new process, and see that it imports nothing large."""

import subprocess
import sys

RUNS = 5
LARGE = ("IPython", "ipywidgets", "matplotlib", "msgspec", "networkx", "pandas", "simpy", "tqdm")
PROGRAM = f"""
import sys, time
start = time.perf_counter()
import nsimlib
seconds = time.perf_counter() - start
print(seconds, *(name for name in {LARGE} if name in sys.modules))
"""


def main() -> None:
    """Print the best time; fail if a large package came along."""
    runs = [
        subprocess.check_output([sys.executable, "-c", PROGRAM], text=True).split()
        for _ in range(RUNS)
    ]
    if large := runs[0][1:]:
        raise SystemExit(f"import nsimlib also imports {', '.join(large)}")
    best = min(float(run[0]) for run in runs)
    print(f"`import nsimlib`: {best * 1000:.0f} ms, best of {RUNS}, and none of {', '.join(LARGE)}")


if __name__ == "__main__":
    main()
