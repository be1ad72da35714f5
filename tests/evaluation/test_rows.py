"""The compiled cluster says what pairs say, whatever it is compiled with and revised from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsimlib.cni.profile import Profile, load_profile
from nsimlib.evaluation import bits as bitsets
from nsimlib.evaluation.bits import Bits, IntBits, bits
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.portatoms import PortAtoms
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Direction
from nsimlib.model.ports import PortSet
from tests import strategies as make

pytestmark = pytest.mark.laws

members = st.sets(st.integers(0, 70))


@given(members, members)
def test_both_forms_of_bits_agree(left: set[int], right: set[int]) -> None:
    for form in (bits, IntBits):
        one, other = form(left), form(right)
        assert set(one & other) == left & right
        assert set(one | other) == left | right
        assert set(one - other) == left - right
        assert (sorted(one), len(one), bool(one)) == (sorted(left), len(left), bool(left))
        assert {number for number in range(71) if number in one} == left


@given(st.lists(st.sampled_from(["53/UDP", "80-90/TCP", "85/TCP", "1-65535/SCTP"])))
def test_masks_of_ports_come_back_as_the_ports(names: list[str]) -> None:
    atoms = PortAtoms(map(PortSet.of, names))

    for name in names:
        ports = PortSet.of(name)
        assert atoms.ports(atoms.mask(ports)) == ports
        assert atoms.fits(ports)


def row(pairs: Pairs, number: int) -> dict[int, tuple[str, str]]:
    return {
        end: (str(ports.allowed), str(ports.open))
        for cell in pairs.rows.into(number)
        for ports in [pairs.rows.ports(cell.allowed, cell.possible)]
        for end in cell.ends
    }


@given(make.tiered(), make.profiles())
def test_a_row_holds_what_each_pair_of_classes_says(cluster: Cluster, profile: Profile) -> None:
    pairs = Pairs(cluster, profile)
    classes = pairs.universe.classes
    for number, those in enumerate(classes):
        found = row(pairs, number)
        for other, these in enumerate(classes):
            ours, theirs = these.members[0], those.members[-1]
            if ours == theirs or ours.host_network or theirs.host_network:
                continue
            ports = pairs.between(ours, theirs)
            wanted = str(ports.allowed), str(ports.open)
            assert found.get(other, ("no ports", "no ports")) == wanted


@given(make.tiered(), make.profiles(), st.data())
def test_a_revised_cluster_is_what_compiling_it_anew_gives(
    cluster: Cluster, profile: Profile, data: st.DataObject
) -> None:
    kept = (
        data.draw(st.sets(st.sampled_from([p.key for p in cluster.policies])))
        if (cluster.policies)
        else set()
    )
    smaller = cluster.without(*kept)
    revised = Pairs(smaller, profile).after(cluster).after(smaller)
    anew = Pairs(smaller, profile)
    for ours in cluster.pods:
        for theirs in cluster.pods:
            assert revised.between(ours, theirs) == anew.between(ours, theirs)


@settings(max_examples=30)
@given(make.tiered(), make.profiles())
def test_plain_integers_serve_where_no_compiled_package_is(
    cluster: Cluster, profile: Profile
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bitsets, "_form", lambda: IntBits)
        bitsets.nobody.cache_clear()
        plain = Pairs(cluster, profile)
        rows = [row(plain, number) for number in range(len(plain.universe.classes))]
    bitsets.nobody.cache_clear()
    compiled = Pairs(cluster, profile)
    assert rows == [row(compiled, number) for number in range(len(compiled.universe.classes))]


def test_an_end_in_no_cell_is_denied_all() -> None:
    pairs = Pairs(Cluster(), load_profile("spec"))

    assert list(pairs.universe.ends(Direction.EGRESS)) == [0]
    empty: Bits = bits()
    assert not empty
