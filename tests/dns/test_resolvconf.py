"""What the two C libraries read in /etc/resolv.conf (F5.7)."""

import pytest

from nsimlib.dns.resolvconf import Libc, ResolvConf
from nsimlib.model.addresses import parse_address

GLIBC, MUSL = Libc
POD = ResolvConf.cluster_first("shop", parse_address("10.96.0.10"))


def test_a_pod_has_five_dots_and_three_suffixes() -> None:
    """F5.1."""
    assert str(POD).splitlines() == [
        "nameserver 10.96.0.10",
        "search shop.svc.cluster.local svc.cluster.local cluster.local",
        "options ndots:5",
    ]


@pytest.mark.parametrize(
    ("options", "libc", "expected"),
    [
        ("", GLIBC, (1, 5, 2)),
        ("ndots:99 timeout:99 attempts:99", GLIBC, (15, 30, 5)),
        ("ndots:99 timeout:99 attempts:99", MUSL, (15, 60, 10)),
        ("ndots:0 timeout:1 attempts:1", GLIBC, (0, 1, 1)),
        ("ndots:x timeout: attempts", GLIBC, (1, 5, 2)),
        ("ndots:2 ndots:3", GLIBC, (3, 5, 2)),
    ],
)
def test_numbers(options: str, libc: Libc, expected: tuple[int, int, int]) -> None:
    conf = ResolvConf.parse(f"options {options}\n", libc)
    assert (conf.ndots, conf.timeout, conf.attempts) == expected


@pytest.mark.parametrize("flag", ["rotate", "use-vc", "edns0", "single-request"])
def test_flags_are_for_glibc(flag: str) -> None:
    field = flag.replace("-", "_")
    assert getattr(ResolvConf.parse(f"options {flag}"), field)
    assert not getattr(ResolvConf.parse(f"options {flag}", MUSL), field)


@pytest.mark.parametrize(
    ("text", "nameservers", "search"),
    [
        ("", "127.0.0.1", ""),
        ("nameserver 10.0.0.1\nnameserver 10.0.0.2\n" * 2, "10.0.0.1 10.0.0.2 10.0.0.1", ""),
        ("nameserver not-an-address\nnameserver fd00::1", "fd00::1", ""),
        ("# nameserver 10.0.0.1\n; search a\n nameserver 10.0.0.2", "127.0.0.1", ""),
        ("search a.example. b.example", "127.0.0.1", "a.example b.example"),
        ("search a.example\ndomain b.example", "127.0.0.1", "b.example"),
        ("domain b.example\nsearch a.example", "127.0.0.1", "a.example"),
        ("sortlist 10.0.0.0/8\nnonsense", "127.0.0.1", ""),
    ],
)
def test_lines(text: str, nameservers: str, search: str) -> None:
    conf = ResolvConf.parse(text)
    assert " ".join(map(str, conf.nameservers)) == nameservers
    assert " ".join(conf.search) == search


def test_written_and_read_again() -> None:
    text = f"{POD} timeout:2 attempts:3 rotate edns0"
    assert str(ResolvConf.parse(text)) == text
    assert ResolvConf.parse(str(POD)) == POD


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("mydb.abc123.us-east-1.rds.amazonaws.com", True),  # F5.8
        ("mydb.abc123.rds.amazonaws.com", False),
        ("db.", True),
        ("orders.cluster-abc123.us-east-1.rds.amazonaws.com", True),
    ],
)
def test_how_many_dots_a_name_has(name: str, first: bool) -> None:
    assert POD.as_is_first(name) is first
