"""Addresses, CIDRs and blocks with exceptions."""

import pytest

from nsimlib.model.addresses import (
    Address,
    AddressRange,
    Family,
    IPBlock,
    cut,
    parse_address,
    parse_cidr,
)


def a_range(text: str) -> AddressRange:
    first, _, last = text.partition("-")
    start, end = parse_address(first), parse_address(last or first)
    return AddressRange(start.family, start.value, end.value)


class TestParseAddress:
    @pytest.mark.parametrize(
        ("text", "family", "value"),
        [
            ("10.0.0.1", Family.IPV4, 0x0A000001),
            ("::1", Family.IPV6, 1),
            ("2001:DB8:0:0::7", Family.IPV6, 0x20010DB8 << 96 | 7),
            # an IPv4-mapped address is an IPv6 address
            ("::ffff:10.0.0.1", Family.IPV6, 0xFFFF0A000001),
        ],
    )
    def test_reads(self, text: str, family: Family, value: int) -> None:
        assert parse_address(text) == Address(family, value)

    @pytest.mark.parametrize(
        "text",
        ["", "10.1", "10.0.0.256", "10.0.0.1/32", "web", "010.0.0.1", "1", ":::", " 10.0.0.1"],
    )
    def test_refuses(self, text: str) -> None:
        with pytest.raises(ValueError, match="not an IP address"):
            parse_address(text)

    def test_writes_the_shortest_form(self) -> None:
        assert str(parse_address("2001:DB8:0:0::7")) == "2001:db8::7"

    def test_families_never_compare_equal(self) -> None:
        assert parse_address("0.0.0.1") != parse_address("::1")


class TestParseCidr:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("10.0.0.0/8", "10.0.0.0-10.255.255.255"),
            # bits behind the prefix do not count (F1.46)
            ("192.168.1.5/24", "192.168.1.0-192.168.1.255"),
            ("0.0.0.0/0", "0.0.0.0-255.255.255.255"),
            ("203.0.113.7/32", "203.0.113.7"),
            ("2001:db8::/127", "2001:db8::-2001:db8::1"),
        ],
    )
    def test_reads(self, text: str, wanted: str) -> None:
        assert parse_cidr(text) == a_range(wanted)
        assert str(parse_cidr(text)) == wanted

    # a bare address is no CIDR (F1.42)
    @pytest.mark.parametrize(
        "text",
        ["10.0.0.5", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "/8", "10/8", "::/٣"],
    )
    def test_refuses(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a"):
            parse_cidr(text)


class TestAddressRange:
    @pytest.mark.parametrize(
        ("one", "other", "covers", "overlaps"),
        [
            ("10.0.0.0-10.0.0.9", "10.0.0.0-10.0.0.9", True, True),
            ("10.0.0.0-10.0.0.9", "10.0.0.3-10.0.0.5", True, True),
            ("10.0.0.3-10.0.0.5", "10.0.0.0-10.0.0.9", False, True),
            ("10.0.0.0-10.0.0.5", "10.0.0.5-10.0.0.9", False, True),
            ("10.0.0.0-10.0.0.4", "10.0.0.5-10.0.0.9", False, False),
            ("0.0.0.0-0.0.0.9", "::-::9", False, False),
        ],
    )
    def test_covers_and_overlaps(self, one: str, other: str, covers: bool, overlaps: bool) -> None:
        assert a_range(one).covers(a_range(other)) is covers
        assert a_range(one).overlaps(a_range(other)) is overlaps
        assert a_range(other).overlaps(a_range(one)) is overlaps

    def test_has_both_its_ends(self) -> None:
        some = a_range("10.0.0.3-10.0.0.5")
        found = [parse_address(f"10.0.0.{n}") in some for n in (2, 3, 5, 6)]
        assert found == [False, True, True, False]
        assert parse_address("::a00:3") not in some

    def test_is_made_of_cidrs(self) -> None:
        assert a_range("10.0.0.1-10.0.0.4").cidrs == ("10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32")
        assert Family.IPV6.everything.cidrs == ("::/0",)


BLOCK = IPBlock("10.0.0.0/8", ("10.20.0.0/16", "10.20.1.0/24", "10.30.0.0/16"))


class TestIPBlock:
    @pytest.mark.parametrize(
        ("address", "inside", "exception"),
        [
            ("10.0.0.0", True, None),
            ("10.255.255.255", True, None),
            ("11.0.0.0", False, None),
            # an exception wins inside its block, its edges included (F1.19)
            ("10.19.255.255", True, None),
            ("10.20.0.0", False, "10.20.0.0/16"),
            ("10.20.1.1", False, "10.20.0.0/16"),
            ("10.30.255.255", False, "10.30.0.0/16"),
            ("10.31.0.0", True, None),
            # the other family is never inside
            ("::ffff:10.1.1.1", False, None),
        ],
    )
    def test_contains(self, address: str, inside: bool, exception: str | None) -> None:
        assert BLOCK.contains(parse_address(address)) is inside
        assert BLOCK.exception_for(parse_address(address)) == exception

    def test_says_what_is_left(self) -> None:
        assert [str(piece) for piece in BLOCK.ranges] == [
            "10.0.0.0-10.19.255.255",
            "10.21.0.0-10.29.255.255",
            "10.31.0.0-10.255.255.255",
        ]

    def test_reads_as_it_was_written(self) -> None:
        assert str(IPBlock("::/0")) == "::/0"
        assert str(BLOCK) == "10.0.0.0/8 except 10.20.0.0/16, 10.20.1.0/24, 10.30.0.0/16"


class TestCut:
    @pytest.mark.parametrize(
        ("blocks", "wanted"),
        [
            ([], ["10.0.0.0-10.0.0.9"]),
            (["10.0.0.0-10.0.0.9"], ["10.0.0.0-10.0.0.9"]),
            (
                ["10.0.0.3-10.0.0.5"],
                ["10.0.0.0-10.0.0.2", "10.0.0.3-10.0.0.5", "10.0.0.6-10.0.0.9"],
            ),
            (["10.0.0.8-10.0.0.99"], ["10.0.0.0-10.0.0.7", "10.0.0.8-10.0.0.9"]),
            (["9.0.0.0-10.0.0.0"], ["10.0.0.0", "10.0.0.1-10.0.0.9"]),
            # what is beside it, or of the other family, cuts nothing
            (["10.0.0.10-10.0.0.12", "::-::5"], ["10.0.0.0-10.0.0.9"]),
        ],
    )
    def test_at_every_edge(self, blocks: list[str], wanted: list[str]) -> None:
        pieces = cut(a_range("10.0.0.0-10.0.0.9"), map(a_range, blocks))
        assert [str(piece) for piece in pieces] == wanted
