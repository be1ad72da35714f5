"""What zones say, and when; what is refused in a zone file, and where."""

from collections import Counter

import pytest

from nsimlib.dns.records import Rcode, RecordType
from nsimlib.dns.zone_files import read_zones, shipped_zones, zone_names
from nsimlib.dns.zones import Change, RecordSet, Zone, Zones
from nsimlib.errors import ManifestError, UnknownName
from nsimlib.model.addresses import parse_address

A, AAAA, CNAME = RecordType
EAST, WEST = "198.51.100.1", "203.0.113.1"
NAME = "api.shop.example"


def record_set(value: str, member: str = "", **how: object) -> RecordSet:
    return RecordSet(NAME, A, 60, (parse_address(value),), member, **how)  # type: ignore[arg-type]


def values(zones: Zones, name: str, now: float = 0) -> list[str]:
    return [str(address) for address in zones.answer(name, A, now).addresses]


class TestAnswers:
    @pytest.mark.parametrize(
        ("name", "type", "rcode", "ttl"),
        [
            (NAME, A, Rcode.NOERROR, 60),
            ("API.Shop.Example.", A, Rcode.NOERROR, 60),
            (NAME, AAAA, Rcode.NOERROR, 300),
            ("shop.example", A, Rcode.NOERROR, 300),
            ("no.shop.example", A, Rcode.NXDOMAIN, 300),
            # an example of somebody else's
            ("api.shop.example.com", A, Rcode.NXDOMAIN, 0),
            ("workshop.example", A, Rcode.NXDOMAIN, 0),
        ],
    )
    def test_rcode_and_ttl(self, name: str, type: RecordType, rcode: Rcode, ttl: float) -> None:
        zones = Zones((Zone("shop.example", (record_set(EAST),), 300),))
        answer = zones.answer(name, type)
        assert (answer.rcode, answer.ttl) == (rcode, ttl)

    def test_a_name_above_one_that_exists_exists(self) -> None:
        deep = RecordSet("a.b.shop.example", A, 5, (parse_address(EAST),))
        zones = Zones((Zone("shop.example", (deep,), 300),))
        assert zones.answer("b.shop.example").rcode is Rcode.NOERROR

    def test_a_chain_that_goes_round_in_a_circle_fails(self) -> None:
        there = RecordSet("a.example", CNAME, 5, ("b.example",))
        back = RecordSet("b.example", CNAME, 5, ("a.example",))
        assert Zones((Zone("", (there, back)),)).answer("a.example").rcode is Rcode.SERVFAIL

    def test_an_alias_of_nothing_keeps_the_alias(self) -> None:
        alias = RecordSet("a.shop.example", CNAME, 5, ("no.shop.example",))
        answer = Zones((Zone("shop.example", (alias,), 300),)).answer("a.shop.example")
        assert (answer.rcode, answer.chain) == (
            Rcode.NXDOMAIN,
            ("a.shop.example", "no.shop.example"),
        )
        assert answer.ttl == 5

    def test_the_longest_origin_answers(self) -> None:
        wide = Zone("example", (record_set(EAST),), 1)
        assert Zones((wide, Zone("shop.example", (), 2))).answer(NAME).negative_ttl == 2


class TestChanges:
    def test_a_change_holds_from_its_second(self) -> None:
        change = Change(30, upsert=(record_set(WEST),))
        zones = Zones((Zone("shop.example", (record_set(EAST),), changes=(change,)),))
        assert [values(zones, NAME, now) for now in (0, 29.999, 30, 1e6)] == [
            [EAST],
            [EAST],
            [WEST],
            [WEST],
        ]

    def test_the_order_of_changes_is_that_of_their_times(self) -> None:
        gone = Change(60, delete=((NAME, A, ""),))
        back = Change(90, upsert=(record_set(WEST),))
        zones = Zones((Zone("shop.example", (record_set(EAST),), 5, changes=(back, gone)),))
        assert [values(zones, NAME, now) for now in (59, 60, 90)] == [[EAST], [], [WEST]]


class TestChoices:
    """Route 53's weighted and failover records (F5.31)."""

    def weighted(self, east: dict[str, object], west: dict[str, object]) -> Zones:
        sets = record_set(EAST, "east", **east), record_set(WEST, "west", **west)
        return Zones((Zone("shop.example", sets),))

    @pytest.mark.parametrize(
        ("east", "west", "chosen"),
        [
            ({"weight": 3}, {"weight": 0}, {EAST}),
            ({"weight": 3}, {"weight": 1}, {EAST, WEST}),
            ({"weight": 0}, {"weight": 0}, {EAST, WEST}),
            ({"weight": 3, "healthy": False}, {"weight": 1}, {WEST}),
            # a weight of 0 counts when nothing with a weight is healthy
            ({"weight": 3, "healthy": False}, {"weight": 0}, {WEST}),
            ({"weight": 3, "healthy": False}, {"weight": 0, "healthy": False}, {EAST}),
            ({"primary": True}, {"primary": False}, {EAST}),
            ({"primary": True, "healthy": False}, {"primary": False}, {WEST}),
            ({"primary": True, "healthy": False}, {"primary": False, "healthy": False}, {EAST}),
        ],
    )
    def test_who_is_chosen(
        self, east: dict[str, object], west: dict[str, object], chosen: set[str]
    ) -> None:
        zones = self.weighted(east, west)
        assert {value for now in range(50) for value in values(zones, NAME, now)} == chosen

    def test_weights_are_shares(self) -> None:
        zones = self.weighted({"weight": 3}, {"weight": 1})
        found = Counter(value for now in range(4000) for value in values(zones, NAME, now))
        assert found[EAST] / 4000 == pytest.approx(0.75, abs=0.03)

    def test_the_seed_decides_and_nothing_else(self) -> None:
        zones = self.weighted({"weight": 1}, {"weight": 1})
        first, again = ([values(zones, NAME, now) for now in range(50)] for _ in range(2))
        other = Zones(zones.zones, seed=1)
        assert first == again != [values(other, NAME, now) for now in range(50)]

    def test_why(self) -> None:
        zones = self.weighted({"weight": 3, "healthy": False}, {"weight": 1})
        (choice,) = zones.answer(NAME).choices
        assert str(choice) == f"{NAME}: west, weight 1 of 1, as east is unhealthy"


class TestShipped:
    def test_a_failover_leads_into_the_other_subnet(self) -> None:
        """F5.24."""
        name = "orders.abc123def456.us-east-1.rds.amazonaws.com"
        found = [values(shipped_zones("rds"), name, now) for now in (0, 89, 90)]
        assert found == [["10.20.21.17"], ["10.20.21.17"], ["10.20.22.18"]]

    @pytest.mark.parametrize(
        ("name", "before", "after"),
        [
            ("orders.cluster-abc123def456", {"10.20.21.17"}, {"10.20.22.18"}),
            ("orders.cluster-ro-abc123def456", {"10.20.22.18", "10.20.21.19"}, {"10.20.21.19"}),
            ("reports.cluster-custom-abc123def456", {"10.20.21.19"}, {"10.20.21.19"}),
            ("orders-1.abc123def456", {"10.20.21.17"}, {"10.20.21.17"}),
        ],
    )
    def test_the_four_endpoints_of_aurora(
        self, name: str, before: set[str], after: set[str]
    ) -> None:
        """F5.27, F5.29."""
        zones, name = shipped_zones("aurora"), f"{name}.us-east-1.rds.amazonaws.com"
        assert {value for now in range(30) for value in values(zones, name, now)} == before
        assert {value for now in range(30, 60) for value in values(zones, name, now)} == after

    def test_two_regions(self) -> None:
        zones = shipped_zones("multi-region")
        for now, reads, writes in (
            (range(60), {"10.20.21.17", "10.40.21.9"}, {"10.20.21.17"}),
            (range(120, 180), {"10.40.21.9"}, {"10.40.21.9"}),
        ):
            assert {v for t in now for v in values(zones, "reads.shop.example", t)} == reads
            assert {v for t in now for v in values(zones, "writes.shop.example", t)} == writes

    def test_who_asks_decides_what_a_public_instance_answers(self) -> None:
        """F5.32."""
        zones = shipped_zones("public-instance")
        name = "reports.abc123def456.us-east-1.rds.amazonaws.com"
        assert values(zones, name) == ["203.0.113.77"]
        assert values(zones.seen_from("vpc"), name) == ["10.20.21.77"]

    @pytest.mark.parametrize("name", zone_names())
    def test_every_file_is_read(self, name: str) -> None:
        assert shipped_zones(name).zones

    def test_no_such_file(self) -> None:
        with pytest.raises(UnknownName, match="did you mean aurora"):
            shipped_zones("auroa")


HEAD = "kind: Zone\norigin: shop.example\n"


def refused(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read_zones(text)
    return [f"{each.line}: {each.path}: {each.detail}" for each in caught.value.problems]


class TestRefused:
    """Rows begin in line 4, below `records:`."""

    @pytest.mark.parametrize(
        ("entry", "says"),
        [
            ("{name: a.shop.example, type: A, values: [192.0.2.1]}", "ttl: Required value"),
            (
                "{name: a.shop.example, type: A, ttl: -1, values: [192.0.2.1]}",
                "ttl: Invalid value: -1: must be greater than or equal to 0",
            ),
            (
                "{name: a.shop.example, type: A, ttl: 5, values: [192.0.2.300]}",
                'values[0]: Invalid value: "192.0.2.300": must be an IPv4 address',
            ),
            (
                '{name: a.shop.example, type: A, ttl: 5, values: ["2001:db8::1"]}',
                'values[0]: Invalid value: "2001:db8::1": must be an IPv4 address',
            ),
            ("{name: a.shop.example, type: A, ttl: 5}", "values: Required value"),
            (
                "{name: a.shop.example, type: MX, ttl: 5, values: [b]}",
                'type: Unsupported value: "MX": supported values: "A", "AAAA", "CNAME"',
            ),
            (
                "{name: a.other.example, type: A, ttl: 5, values: [192.0.2.1]}",
                'name: Invalid value: "a.other.example": must be shop.example or a name below it',
            ),
            (
                "{name: a.shop.example, type: CNAME, ttl: 5, values: [b.example, c.example]}",
                "values: Forbidden: a CNAME leads to one name",
            ),
            (
                "{name: a.shop.example, type: A, ttl: 5, weight: 256, values: [192.0.2.1]}",
                "weight: Invalid value: 256: must be from 0 to 255",
            ),
            (
                "{name: a.shop.example, type: A, ttl: 5, failover: third, values: [192.0.2.1]}",
                'failover: Unsupported value: "third": supported values: "primary", "secondary"',
            ),
            (
                "{name: a.shop.example, type: A, ttl: 5, failover: primary, weight: 1,"
                " values: [192.0.2.1]}",
                "failover: Forbidden: may not be specified beside weight",
            ),
            (
                "{name: a.shop.example, type: A, ttl: 5, wieght: 1, values: [192.0.2.1]}",
                'wieght: unknown field "records[0].wieght"',
            ),
        ],
    )
    def test_a_record_set(self, entry: str, says: str) -> None:
        assert refused(f"{HEAD}records:\n- {entry}\n") == [f"4: records[0].{says}"]

    @pytest.mark.parametrize(
        ("first", "second", "says"),
        [
            ("type: A", "type: A", "Duplicate value: a.shop.example A"),
            (
                "type: A, member: m",
                "type: A",
                "Forbidden: a.shop.example A has several record sets, so each needs a weight or a "
                "failover role",
            ),
            (
                "type: A, member: m, weight: 1",
                "type: A, failover: primary",
                "Forbidden: a.shop.example A has several record sets, so each needs a weight or a "
                "failover role",
            ),
        ],
    )
    def test_two_record_sets(self, first: str, second: str, says: str) -> None:
        entries = (
            f"- {{name: a.shop.example, ttl: 5, values: [192.0.2.1], {how}}}\n"
            for how in (first, second)
        )
        assert refused(f"{HEAD}records:\n{''.join(entries)}") == [f"5: records[1]: {says}"]

    def test_a_cname_stands_alone(self) -> None:
        assert refused(
            f"{HEAD}records:\n- {{name: a.shop.example, type: A, ttl: 5, values: [192.0.2.1]}}\n"
            "- {name: a.shop.example, type: CNAME, ttl: 5, values: [b.example]}\n"
        ) == [
            "5: records[1]: Forbidden: a.shop.example has other records, and a CNAME stands alone"
        ]

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ("{}", "at: Required value"),
            (
                "{at: soon}",
                'at: Invalid value: "soon": must be a time such as 30s or 1m30s',
            ),
            (
                "{at: 30s, delete: [{name: a.shop.example, type: A}]}",
                'delete[0]: Invalid value: "a.shop.example A": there is no such record set at that '
                "time",
            ),
            (
                "{at: 30s, upsert: [{name: a.shop.example, type: A, ttl: 5}]}",
                "upsert[0].values: Required value",
            ),
        ],
    )
    def test_a_change(self, change: str, says: str) -> None:
        assert refused(f"{HEAD}changes:\n- {change}\n") == [f"4: changes[0].{says}"]

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("kind: Zone\n", "1: origin: Required value"),
            (
                "kind: Place\norigin: shop.example\n",
                '1: kind: Unsupported value: "Place": supported values: "Zone"',
            ),
            (f"{HEAD}negative_ttl: -5\n", "3: negative_ttl: Invalid value: -5: must be greater"),
            ("\n", "0: : holds no zone"),
        ],
    )
    def test_a_zone(self, text: str, says: str) -> None:
        (found,) = refused(text)
        assert found.startswith(says)

    def test_no_such_path(self) -> None:
        with pytest.raises(ManifestError, match=r"no-such\.yaml: No such file"):
            read_zones("no-such.yaml")
