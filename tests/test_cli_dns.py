"""`nsim dns`: the way of a question under policy, and how it exits."""

import pytest
from click.testing import CliRunner

from nsimlib.cli import main

NAME = "orders.abc123def456.us-east-1.rds.amazonaws.com"


@pytest.mark.parametrize(
    ("pod", "options", "code", "says"),
    [
        ("shop/api", (), 0, "10.20.21.17"),
        ("shop/web", (), 1, "EAI_AGAIN: Temporary failure in name resolution; 20 s"),
        ("shop/web", ("--cni", "flannel"), 0, "10.20.21.17"),
        ("shop/nobody", (), 2, "no pod, workload or Service"),
    ],
)
def test_says_what_the_application_hears(
    pod: str, options: tuple[str, ...], code: int, says: str
) -> None:
    result = CliRunner().invoke(main, ["dns", "shop", pod, NAME, *options])
    assert result.exit_code == code
    assert says in result.output
