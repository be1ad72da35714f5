"""The rule for a block: what it writes is what the API server takes, and means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nsimlib as ns
from nsimlib.errors import SettingError
from nsimlib.model.addresses import Address, Family, parse_address
from nsimlib.patterns.block_rule import BlockRule

ADDRESSES = st.integers(0, 2**32 - 1).map(lambda n: str(Address(Family.IPV4, n)))
BLOCKS = st.sampled_from(["10.20.0.0/20", "10.244.0.0/16", "10.0.0.0/8", "0.0.0.0/0"])


@given(ADDRESSES, st.integers(0, 32), st.lists(BLOCKS, unique=True).map(tuple))
def test_whatever_is_chosen_the_manifest_is_taken(
    address: str, prefix: int, exceptions: tuple[str, ...]
) -> None:
    rule = BlockRule(address, prefix, exceptions, "5432/TCP")
    (policy,) = ns.loads(rule.manifest).policies
    assert policy.key == "shop/to-block"
    assert {*rule.excepted, *rule.refused} == {*exceptions}
    assert parse_address(address) in rule.block
    assert rule.size == 2 ** (32 - prefix)


@pytest.mark.parametrize(
    ("prefix", "exception", "is_taken"),
    [(16, "10.20.0.0/20", True), (20, "10.20.16.0/20", False), (24, "10.20.0.0/20", False)],
)
def test_an_exception_is_inside_and_smaller_or_refused(
    prefix: int, exception: str, is_taken: bool
) -> None:
    rule = BlockRule("10.20.21.17", prefix, (exception,))
    assert (rule.excepted, rule.refused) == (((exception,), ()) if is_taken else ((), (exception,)))
    block = f"cidr: {rule.cidr}"
    forced = BlockRule("10.20.21.17", prefix).manifest.replace(
        block, f"{block}\n        except: [{exception}]"
    )
    assert is_taken == (not ns.loads(forced, strict=False).report.problems)


@pytest.mark.parametrize(
    ("address", "prefix", "named"),
    [
        ("10.20.21", 24, "address"),
        ("fd00::1", 24, "address"),
        ("10.20.21.17", 33, "prefix"),
        ("10.20.21.17", -1, "prefix"),
    ],
)
def test_what_cannot_be_written_is_said(address: str, prefix: int, named: str) -> None:
    with pytest.raises(SettingError, match=named):
        BlockRule(address, prefix)


def test_a_rule_without_a_port_has_no_ports() -> None:
    assert "ports" not in BlockRule("10.20.21.17", 24).manifest
    assert "protocol: UDP" in BlockRule("10.20.21.17", 24, port="53/UDP").manifest
