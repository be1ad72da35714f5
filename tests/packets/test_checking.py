"""What a machine is said to allow."""

import pytest

from nsimlib.packets.checking import Report, Stage

NFT = Stage("nft", False, True, "no such library", "Install the package nftables.")
IPSET = Stage("ipset", False, False, "no such program")
USERS = Stage("user namespace", True)


def test_a_missing_part_names_its_remedy_and_what_is_needed_decides() -> None:
    report = Report((USERS, NFT, IPSET))
    assert repr(report).splitlines() == [
        "The packet lab cannot run here",
        "+ user namespace",
        "- nft: no such library",
        "    Install the package nftables.",
        "- ipset: no such program",
    ]
    assert (bool(report), report.failed) == (False, NFT)
    assert bool(Report((USERS, IPSET)))
    assert (report.works("user namespace"), report.works("ipset")) == (True, False)


@pytest.mark.system
def test_this_machine_gives_real_verdicts(machine: Report) -> None:
    assert machine.works("IPv4")
    assert machine.works("IPv6")
