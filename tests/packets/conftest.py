"""Where the lab cannot run, its tests skip with the reason, or fail where all is promised."""

from functools import cache

import pytest

from nsimlib.packets.checking import Report, check
from tests.conftest import missing


@cache
def report() -> Report:
    return check()


@pytest.fixture(scope="session")
def machine() -> Report:
    """What this machine allows; nothing that uses it runs where there is no lab."""
    found = report()
    if found.failed is not None:
        missing(f"packet lab ({found.failed.name})", found.failed.remedy or found.failed.problem)
    return found
