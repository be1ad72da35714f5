"""The self-test of a machine: what is missing is named, and what is extra never fails it."""

import json
import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner

from nsimlib.cli import main
from nsimlib.lessons import selftest as module
from nsimlib.lessons.selftest import Selftest, selftest
from nsimlib.lessons.syllabus import syllabus
from nsimlib.model.tables import Table
from nsimlib.packets.checking import Report, Stage

#: a start page that fails in its kernel
BROKEN = {
    "cells": [{"cell_type": "code", "metadata": {}, "source": "1 / 0", "outputs": [], "id": "a"}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def no_start_page() -> Stage:
    return Stage("start page runs", True)


def stage(found: Selftest, name: str) -> Stage:
    return next(each for each in found.stages if each.name == name)


@pytest.mark.slow
def test_this_machine_is_ready_and_the_report_says_what_was_tried() -> None:
    done = CliRunner().invoke(main, ["selftest", "--no-lab"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "nsim selftest: Ready for the lessons"
    for each in syllabus().values():
        assert f"+ lesson {each.number} starts" in lines
    assert {"+ packages", "+ widgets", "+ start page runs"} <= set(lines)
    assert str(Path.home()) not in done.output


@pytest.mark.slow
def test_a_start_page_that_fails_in_its_kernel_is_told_with_its_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "page.ipynb"
    page.write_text(json.dumps(BROKEN))
    monkeypatch.setattr(module, "shipped", lambda *_: page)
    found = selftest(with_lab=False)
    assert not found
    assert "ZeroDivisionError" in stage(found, "start page runs").problem


class TestQuickly:
    """Everything but the start page, which takes a kernel."""

    @pytest.fixture(autouse=True)
    def without_kernel(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_start_page", no_start_page)

    def test_a_missing_package_is_named_and_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        table = Table("", ("part", "version"), (("python", "3.11.0"), ("pandas", "missing")))
        monkeypatch.setattr(module, "environment", lambda: table)
        done = CliRunner().invoke(main, ["selftest", "--no-lab"])
        assert done.exit_code == 1
        assert "Not ready" in done.output
        assert "- packages: missing: pandas" in done.output

    def test_a_lesson_that_is_not_there_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(*parts: str) -> Path:
            raise FileNotFoundError(f"no file {parts[-1]}")

        monkeypatch.setattr(module, "shipped", missing)
        found = selftest(with_lab=False)
        assert not found
        assert stage(found, "lesson 00 starts").problem == "no file 00-start-here.ipynb"

    def test_without_a_browser_a_machine_is_ready(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def none(_using: str | None = None) -> webbrowser.BaseBrowser:
            raise webbrowser.Error("could not locate runnable browser")

        monkeypatch.setattr(webbrowser, "get", none)
        found = selftest(with_lab=False)
        assert found
        assert not stage(found, "browser").works
        assert "Copy the address" in repr(found)

    def test_without_the_lab_a_machine_is_ready_and_says_where_it_stopped(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failed = Stage("user namespace", False, True, f"no right in {Path.home()}", "Ask root.")
        monkeypatch.setattr(module, "check", lambda: Report((failed,)))
        found = selftest()
        assert found
        shown = repr(found)
        assert "- packet lab: user namespace: no right in ~\n    Ask root.\n    Not need" in shown

    def test_the_lab_is_tried_unless_it_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "check", lambda: Report((Stage("nft", True),)))
        names = {each.name for each in selftest().stages}
        assert names - {each.name for each in selftest(with_lab=False).stages} == {
            "packet lab: nft"
        }
