"""Names of databases, and what is refused in a file about one."""

import pytest

from nsimlib.dns.zone_files import shipped_zones
from nsimlib.errors import ManifestError, UnknownName
from nsimlib.patterns.database_files import pattern_names, read_database
from nsimlib.patterns.databases import Database, Shape, shape_of

ID = "abc123def456.us-east-1.rds.amazonaws.com"


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        (f"orders.cluster-{ID}", Shape.CLUSTER),
        (f"orders.cluster-ro-{ID}", Shape.READER),
        (f"reports.cluster-custom-{ID}", Shape.CUSTOM),
        (f"orders-1.{ID}", Shape.INSTANCE),
        (f"orders.proxy-{ID}", Shape.PROXY),
        (f"readers.endpoint.proxy-{ID}", Shape.PROXY),
        ("orders.abc123def456.us-gov-west-1.rds.amazonaws.com", Shape.INSTANCE),
        # a placeholder without a region, as in the article (E4)
        ("orders.abc123def456.rds.amazonaws.com", Shape.ALIAS),
        ("db.corp.example", Shape.ALIAS),
    ],
)
def test_the_form_of_a_name_says_what_it_leads_to(name: str, shape: Shape) -> None:
    assert shape_of(name) is shape


class TestShipped:
    @pytest.mark.parametrize(
        ("zone", "at"), [("rds", 0), ("rds", 90), ("aurora", 0), ("aurora", 30), ("aurora", 300)]
    )
    def test_names_lead_into_the_subnets_before_and_after_a_failover(
        self, zone: str, at: float
    ) -> None:
        database, zones = read_database(zone), shipped_zones(zone)
        for name in database.endpoints:
            found = zones.answer(name, now=at).addresses
            assert found
            assert all(database.holds(address) for address in found)

    def test_weighted_names_lead_into_the_subnets_of_either_region(self) -> None:
        """F5.31."""
        database, zones = read_database("multi-region"), shipped_zones("multi-region")
        found = {
            str(address)
            for now in range(300)
            for name in database.endpoints
            for address in zones.answer(name, now=now).addresses
            if database.holds(address)
        }
        assert found == {"10.20.21.17", "10.40.21.9"}

    def test_instances_to_come_are_named_by_a_pattern_of_one_label(self) -> None:
        """F5.28, F5.29."""
        scaled, fixed = read_database("aurora-autoscaled"), read_database("aurora")
        assert scaled.patterns[-1] == f"*.{ID}"
        assert "*" not in "".join(fixed.patterns)
        assert scaled.dialled[-1] == f"replica-to-come.{ID}"

    @pytest.mark.parametrize("name", pattern_names())
    def test_each_name_has_an_address_of_its_own_in_every_subnet(self, name: str) -> None:
        database = read_database(name)
        found = [database.addresses_of(each) for each in database.dialled]
        assert len({address for each in found for address in each}) == sum(map(len, found))
        assert all(len(each) == len(database.subnets) for each in found)
        assert all(database.holds(address) for each in found for address in each)

    def test_a_subnet_of_one_address_has_room_for_one_name(self) -> None:
        tiny = Database("tiny", "", 5432, ("192.0.2.7/32",), ("a.example", "b.example"))
        assert {str(a) for name in tiny.dialled for a in tiny.addresses_of(name)} == {"192.0.2.7"}

    def test_no_such_pattern(self) -> None:
        with pytest.raises(UnknownName, match="did you mean aurora"):
            read_database("aurroa")


HEAD = "apiVersion: nsimlib.io/v1\nkind: Database\nmetadata: {name: orders}\nspec:\n"
SUBNETS, NAMES = "  subnets: [10.0.1.0/24]\n", f"  endpoints: [orders.{ID}]\n"
PORT = "  port: 5432\n"


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (HEAD + PORT + NAMES, "spec.subnets: Required value. List all subnets of the DB"),
            (HEAD + PORT + SUBNETS, "spec.endpoints: Required value"),
            (HEAD + SUBNETS + NAMES, "spec.port: Invalid value: 0: must be between 1 and 65535"),
            (
                HEAD + PORT + NAMES + "  subnets: [10.0.1.0]\n",
                ':7:13: spec.subnets[0]: Invalid value: "10.0.1.0": must be a valid CIDR',
            ),
            (
                HEAD + PORT + SUBNETS + "  endpoints: [mydb.xxx.rds.amazonaws.com]\n",
                ":7:15: spec.endpoints[0]: Invalid value: "
                '"mydb.xxx.rds.amazonaws.com": names of RDS have',
            ),
            (
                HEAD + PORT + SUBNETS + NAMES + "  neighbours: [{says: x, address: ten}]\n",
                "spec.neighbours[0].address",
            ),
            (HEAD + PORT + SUBNETS + NAMES + "  ports: 5432\n", 'unknown field "spec.ports"'),
            (
                HEAD.replace("Database", "Place") + PORT + SUBNETS + NAMES,
                'kind: Unsupported value: "Place": supported values: "Database"',
            ),
            ("\n", "expected one Database, found 0 objects"),
            ("a: [\n", "<text>:"),
        ],
    )
    def test_a_file(self, text: str, says: str) -> None:
        with pytest.raises(ManifestError) as refused:
            read_database(text)
        assert any(says in str(problem) for problem in refused.value.problems)

    def test_no_such_file(self) -> None:
        with pytest.raises(ManifestError, match=r"no-such\.yaml: No such file"):
            read_database("no-such.yaml")
