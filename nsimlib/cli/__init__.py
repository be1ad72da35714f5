"""The command line: the library's questions with exit codes fit for CI.

Exit codes of `nsim why`: 0 allowed, 1 denied, 3 undetermined; of `nsim diff`: 0 no change, 1
changes; of `nsim compare`: 0 all agree, 1 not; of `nsim check`: 0 all met, 1 not; of `nsim
chains --ask`: as of why. Any command: 2 for a call or an input that cannot be read.
"""

from nsimlib.cli.commands import main

__all__ = ["main"]
