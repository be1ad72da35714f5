"""Which change would have prevented an outage: each is played, none is guessed."""

import pytest

from nsimlib.dns.cures import Cures, cures, out
from nsimlib.dns.plays import play, play_data, play_names


def effects(found: Cures) -> dict[str, str]:
    return {str(cure): cure.effect for cure in found.cures}


@pytest.mark.parametrize(
    ("name", "cni", "policies", "expected"),
    [
        (
            "dns-trap",
            "calico",
            "",
            {"policies: with-dns": "prevents it", "libc: musl": "no effect"},
        ),
        ("fqdn-without-proxy", "cilium", "", {"policies: proxied-dns": "prevents it"}),
        # F5.5, F3.14: a block helps where blocks may mean nodes, and nowhere else
        ("nodelocal-trap", "calico", "", {"policies: with-blocks": "prevents it"}),
        (
            "nodelocal-trap",
            "cilium",
            "",
            {"policies: with-blocks": "no effect", "policies: with-host": "prevents it"},
        ),
        # the database itself is away for 10 s, whatever policy says
        (
            "aurora-failover",
            "calico",
            "one-subnet",
            {"policies: subnets": "shortens it", "policies: writer-address": "no effect"},
        ),
        (
            "reconcile-windows",
            "calico",
            "",
            {"interval: 5s": "shortens it", "pool: 1": "prevents it"},
        ),
        ("stale-pool", "calico", "", {"ttl: 1": "no effect", "pool: 0": "shortens it"}),
        ("truncation", "calico", "", {"policies: udp-and-tcp": "prevents it"}),
        ("ttl-drop", "cilium", "", {"jvm_ttl: 30": "prevents it", "ttl: 60": "no effect"}),
        ("weighted-multi-region", "cilium", "", {"policies: one-region": "makes it worse"}),
    ],
)
def test_what_changes_do(name: str, cni: str, policies: str, expected: dict[str, str]) -> None:
    found = effects(cures(name, cni=cni, policies=policies))
    assert expected.items() <= found.items(), found


@pytest.mark.parametrize("name", play_names())
def test_each_row_is_what_a_play_of_it_gives(name: str) -> None:
    found = cures(name, cni="cilium", seed=1)
    assert [out(cure.timeline) for cure in found.cures] == sorted(
        out(cure.timeline) for cure in found.cures
    )
    for cure in found.cures:
        again = play(name, cni="cilium", seed=1, **cure.change)
        assert again.attempts == cure.timeline.attempts, str(cure)
    assert all(cure in found.cures for cure in found.prevent)


def test_policies_that_the_enforcer_does_not_read_are_no_cure() -> None:
    assert "policies: by-name" not in effects(cures("aurora-failover", cni="calico"))
    assert "policies: by-name" in effects(
        cures("aurora-failover", cni="cilium", policies="subnets")
    )


def test_every_scene_has_something_to_try() -> None:
    assert all(play_data(name)["tried"] for name in play_names())


def test_it_shows_itself() -> None:
    lines = repr(cures("dns-trap")).splitlines()
    assert lines[0] == "What would have helped: dns-trap, calico, without-dns"
    assert [line.split()[:3] for line in lines[2:4]] == [
        ["as", "it", "is"],
        ["policies:", "with-dns", "0"],
    ]
