"""What a redacted cluster keeps: every verdict, prefixes in common. And what it must not hold."""

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nsimlib.errors import RedactionError
from nsimlib.evaluation.engine import why
from nsimlib.model.addresses import Address, AddressRange, Family, parse_address, parse_cidr
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection, DomainName, End, NodeName, ObjectName
from nsimlib.redaction.addresses import KNOWN, Addresses
from nsimlib.redaction.redact import Redacted, redact
from nsimlib.redaction.words import Words
from tests import calico, cilium
from tests.strategies import asked, guarded, service_connections

pytestmark = pytest.mark.laws

KEY = "example"
WORDS, ADDRESSES = Words(KEY.encode()), Addresses(KEY.encode())


def as_read(cluster: Cluster) -> Cluster:
    """Without Services that no manifest can say: an empty selector is read as none."""
    return replace(cluster, services=tuple(each for each in cluster.services if each.selector))


CLUSTERS = {
    "spec": guarded().map(as_read),
    "calico": calico.clusters().map(as_read),
    "cilium": cilium.clusters().map(as_read),
}
addresses = st.sampled_from(list(Family)).flatmap(
    lambda family: st.builds(Address, st.just(family), st.integers(0, 2**family.bits - 1))
)


def redacted(cluster: Cluster) -> Redacted:
    """What no manifest can say is no case of this law."""
    try:
        return redact(cluster, KEY)
    except RedactionError as error:
        assume("cannot be written" not in str(error))
        raise


def said(end: End) -> End:
    """The same end under its pseudonyms."""
    match end:
        case ObjectName(namespace, name, kind):
            return ObjectName(WORDS.word(namespace), WORDS.word(name), kind)
        case NodeName(name):
            return NodeName(WORDS.word(name))
        case DomainName(name):
            return DomainName(WORDS.domain(name))
        case Address():
            return ADDRESSES.address(end)


def holds(cluster: Cluster, connection: Connection, cni: str) -> None:
    after = Connection(said(connection.source), said(connection.destination), connection.port)
    found = why(redacted(cluster).cluster, after, cni=cni).outcome
    assert found is why(cluster, connection, cni=cni).outcome


@pytest.mark.parametrize("cni", CLUSTERS)
@given(data=st.data())
def test_every_verdict_is_kept(cni: str, data: st.DataObject) -> None:
    holds(*data.draw(asked(CLUSTERS[cni])), cni)


@pytest.mark.parametrize("cni", CLUSTERS)
@given(data=st.data())
def test_verdicts_on_services_are_kept(cni: str, data: st.DataObject) -> None:
    holds(*data.draw(asked(CLUSTERS[cni], service_connections)), cni)


@given(addresses, addresses)
def test_prefixes_in_common_stay_as_long(one: Address, other: Address) -> None:
    assume(one.family is other.family)
    said_one, said_other = ADDRESSES.address(one), ADDRESSES.address(other)
    before, after = one.value ^ other.value, said_one.value ^ said_other.value
    assert before.bit_length() == after.bit_length()


@given(addresses, st.integers(0, 128))
def test_a_block_holds_what_it_held(address: Address, length: int) -> None:
    size = max(address.family.bits - length, 0)
    first = address.value >> size << size
    block = AddressRange(address.family, first, first + 2**size - 1)
    assert ADDRESSES.range(block).covers(ADDRESSES.address(address).range)


@pytest.mark.parametrize("known", KNOWN)
def test_what_means_something_stays_what_it_is(known: str) -> None:
    whole = parse_cidr(known)
    assert ADDRESSES.range(whole) == whole


def test_other_keys_give_other_pseudonyms() -> None:
    address = parse_address("10.20.30.40")
    found = {(Words(k).word("web"), Addresses(k).address(address)) for k in (b"a", b"b", b"c")}
    assert len(found) == 3


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,70}[a-z0-9])?", fullmatch=True))
def test_a_name_stays_a_name(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", WORDS.word(name))
