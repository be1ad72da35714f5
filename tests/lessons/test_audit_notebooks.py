"""An audit notebook works on a cluster it has never seen, named by the environment."""

from pathlib import Path

import pytest

from notebooks.build import execute, read, sources
from tests.conftest import ROOT

DUMPS = {
    "folder": ROOT / "data" / "scenarios" / "isolation-is-a-switch",
    "nothing": None,
}
# A review needs the change beside the cluster, so the environment alone cannot name its input.
AUDITS = [
    path
    for path in sources(ROOT / "notebooks")
    if path.parent.name == "audit" and path.stem != "review-a-policy-change"
]


@pytest.mark.slow
@pytest.mark.parametrize("dump", DUMPS)
@pytest.mark.parametrize("source", AUDITS, ids=lambda path: path.stem)
def test_runs_on_any_dump(
    source: Path, dump: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = DUMPS[dump] or tmp_path / "empty.yaml"
    if DUMPS[dump] is None:
        path.write_text("apiVersion: v1\nkind: List\nitems: []\n")
    monkeypatch.setenv("NSIM_DUMP", str(path))
    notebook = execute(read(source), tmp_path)
    assert "payment-provider" not in str(notebook.cells)  # it is not the shop that was read
