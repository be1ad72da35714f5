"""Widgets come with the first that is asked for; scripts do not pay for them."""

import subprocess
import sys

import pytest

import nsimlib as ns

SCRIPT = """
import sys
import nsimlib as ns
assert "ipywidgets" not in sys.modules
assert "PolicySwitch" in dir(ns)
ns.PolicySwitch
assert "ipywidgets" in sys.modules
"""


def test_importing_the_package_imports_no_widgets() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'ConectionTester'"):
        ns.ConectionTester  # type: ignore[attr-defined]  # noqa: B018
