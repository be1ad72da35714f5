"""What every test may rely on: how a missing program is met, how hypothesis draws its examples."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The same code always meets the same examples. To look for new ones:
# pytest -m laws --hypothesis-profile=long
settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None, database=None)
settings.register_profile("long", print_blob=True, deadline=None, max_examples=5_000)
# A few examples of each law, where Python is slow: in the browser.
settings.register_profile("smoke", derandomize=True, deadline=None, database=None, max_examples=5)
settings.load_profile("ci")


def missing(what: str, hint: str) -> NoReturn:
    """Skip the running test, or fail it where NSIM_REQUIRE_SYSTEM=1 promises that all is there."""
    reason = f"no {what} on this machine: {hint}"
    if os.environ.get("NSIM_REQUIRE_SYSTEM") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need(tool: str, hint: str) -> str:
    """Return the path of a program; without it, skip or fail as `missing` does."""
    return shutil.which(tool) or missing(tool, hint)
