"""Text and data, both ways: what is read is what was printed."""

from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsimlib.datapath.conditions import read_match
from nsimlib.datapath.ipsets import Entry, IPSet
from nsimlib.datapath.matches import (
    AddressType,
    Comment,
    Conntrack,
    IcmpType,
    InSet,
    Interface,
    Mark,
    Match,
    Multiport,
    Net,
    PortSpan,
    Proto,
    Verbatim,
)
from nsimlib.datapath.parsing import parse, parse_sets
from nsimlib.datapath.ruleset import Chain, Counters, Rule, Ruleset, Table, Target
from nsimlib.datapath.saving import save, save_parts, save_sets
from nsimlib.errors import RulesetSyntaxError
from nsimlib.model.addresses import Family
from nsimlib.model.ports import Protocol

HERE = Path(__file__).parent
#: as real nodes print it: counters, two tables, notes, conditions that we do not know
NODE = (HERE / "node.rules").read_text(encoding="utf-8")
SETS = (HERE / "node.sets").read_text(encoding="utf-8")


def test_what_a_node_prints_is_printed_again() -> None:
    assert save(parse(NODE)) == NODE


def test_what_ipset_prints_is_printed_again() -> None:
    assert save_sets(parse_sets(SETS)) == SETS


def test_conditions_that_are_not_known_are_kept_and_can_be_told() -> None:
    matches = [match for line in parse(NODE).lines for match in line.rule.matches]
    unknown = [str(match) for match in matches if isinstance(match, Verbatim)]
    assert unknown == [
        "-m statistic --mode random --probability 0.50000000000",
        "-m recent --set --name ssh --mask 255.255.255.255 --rsource",
        "-m time --timestart 08:00:00",
    ]


def test_entries_of_sets() -> None:
    first, second, third = parse_sets(SETS)[0].entries
    assert first == Entry("10.2.0.0/16", 299)
    assert second == Entry("10.1.0.0/16", 0, nomatch=True)
    assert third == Entry("10.0.0.1", 0, more='packets 3 bytes 180 comment "of web"')
    assert [found.family for found in parse_sets(SETS)] == [Family.IPV4, Family.IPV6, None]


@pytest.mark.parametrize(
    ("text", "number", "expected"),
    [
        ("-A FORWARD -j DROP", 1, "'*filter'"),
        ("*filter\n:a - [0:0]\n-A b -j DROP\nCOMMIT", 3, "chain b to be declared"),
        ("*filter\n:a [0:0]\nCOMMIT", 2, "':chain policy"),
        ("*filter\n:a - [0:0]\n", 2, "'COMMIT'"),
        ("*filter\n:a - [0:0]\n-A a nonsense -j DROP\nCOMMIT", 3, "'nonsense'"),
        ("*filter\n:a - [0:0]\n-A a -j\nCOMMIT", 3, "name of a target"),
        ("*filter\n:a - [0:0]\n-A a -j DROP -p tcp\nCOMMIT", 3, "nothing after it"),
    ],
)
def test_errors_name_the_line_and_what_was_expected(text: str, number: int, expected: str) -> None:
    with pytest.raises(RulesetSyntaxError) as found:
        parse(text)
    assert found.value.number == number
    assert found.value.line == text.splitlines()[number - 1]
    assert expected in found.value.expected


@pytest.mark.parametrize(
    ("text", "number"),
    [("create a", 1), ("create a hash:net\nadd b 10.0.0.1", 2), ("flush a", 1)],
)
def test_errors_in_sets_name_the_line(text: str, number: int) -> None:
    with pytest.raises(RulesetSyntaxError) as found:
        parse_sets(text)
    assert found.value.number == number


# Laws

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-_.:/", min_size=1, max_size=12).filter(
    lambda name: not name.startswith("-")
)
NOTES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
ENDS = st.sampled_from(("src", "dst"))
CIDRS = st.sampled_from(("10.0.0.0/8", "10.1.2.3/32", "fd00::/64", "::1/128"))
NUMBERS = st.integers(0, 65535)
SPANS = st.tuples(NUMBERS, NUMBERS).map(lambda pair: (min(pair), max(pair)))
MARKS = st.integers(0, 0xFFFFFFFF)
STATES = st.lists(st.sampled_from(("NEW", "RELATED", "DNAT")), min_size=1, unique=True).map(tuple)
SOME_SPANS = st.lists(SPANS, min_size=1, max_size=3).map(tuple)
SOME_ENDS = st.lists(ENDS, min_size=1, max_size=2).map(tuple)
NEGATED = st.booleans()
MATCHES: st.SearchStrategy[Match] = st.one_of(
    st.builds(Net, ENDS, CIDRS, NEGATED),
    st.builds(Interface, st.sampled_from(("in", "out")), NAMES, NEGATED),
    st.builds(Proto, st.sampled_from(("tcp", "udp", "ipencap", "47")), NEGATED),
    st.builds(Comment, NOTES),
    st.builds(Mark, MARKS, MARKS, NEGATED),
    st.builds(Conntrack, STATES, NEGATED),
    st.builds(Multiport, st.sampled_from(("src", "dst", "")), SOME_SPANS, NEGATED),
    st.builds(PortSpan, st.sampled_from(("tcp", "udp", "sctp")), ENDS, SPANS, NEGATED),
    st.builds(InSet, NAMES, SOME_ENDS, NEGATED),
    st.builds(
        IcmpType,
        st.sampled_from((Protocol.ICMP, Protocol.ICMPV6)),
        st.integers(0, 255),
        st.none() | st.integers(0, 255),
        NEGATED,
    ),
    st.builds(AddressType, ENDS, NEGATED),
    st.sampled_from(("-m u32 --u32 0x1=0x2", "-m time --utc", "-f")).map(Verbatim),
)
TARGETS = st.sampled_from(
    (
        None,
        Target("DROP"),
        Target("cali-FORWARD", goto=True),
        Target("MARK", "--set-xmark 0x10000/0x10000"),
        Target("LOG", '--log-prefix "a: " --log-level 5'),
    )
)
COUNTERS = st.builds(Counters, NUMBERS, NUMBERS)
RULES = st.builds(Rule, st.lists(MATCHES, max_size=4).map(tuple), TARGETS, st.none() | COUNTERS)


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    chains = tuple(
        Chain(
            name,
            tuple(draw(st.lists(RULES, max_size=3))),
            draw(st.sampled_from((None, "ACCEPT", "DROP"))),
            draw(COUNTERS),
        )
        for name in names
    )
    tables = (Table("filter", chains, ("# before",)), Table("nat"))
    return Ruleset(tables, Family.IPV4, draw(st.sampled_from(((), ("# after",)))))


ENTRIES = st.builds(
    Entry,
    st.sampled_from(("10.0.0.1", "10.0.0.0/8", "10.0.0.1,tcp:80")),
    st.none() | NUMBERS,
    st.booleans(),
    st.sampled_from(("", "packets 1 bytes 2")),
)
SOME_SETS = st.lists(
    st.builds(
        IPSet,
        NAMES,
        st.sampled_from(("hash:net", "hash:ip,port")),
        st.sampled_from(Family),
        st.sampled_from(("", "maxelem 1048576")),
        st.lists(ENTRIES, max_size=3).map(tuple),
    ),
    max_size=3,
    unique_by=lambda found: found.name,
).map(tuple)


@given(MATCHES)
def test_a_condition_is_read_as_it_was_printed(match: Match) -> None:
    assert read_match(str(match)) == match


@given(rulesets())
def test_a_ruleset_is_read_as_it_was_printed(ruleset: Ruleset) -> None:
    assert parse(save(ruleset)) == ruleset


@given(SOME_SETS)
def test_sets_are_read_as_they_were_printed(sets: tuple[IPSet, ...]) -> None:
    assert parse_sets(save_sets(sets)) == sets


@given(rulesets(), st.integers(1, 4))
def test_parts_hold_every_rule_once_and_no_more_than_asked(ruleset: Ruleset, most: int) -> None:
    first, *parts = save_parts(ruleset, most)
    declared = ":" in first and "-A" not in first
    assert declared or not ruleset.by_name["filter"].chains
    rules = [[line for line in part.splitlines() if "-A " in line] for part in parts]
    assert all(len(found) <= most for found in rules)
    assert sorted(chain.from_iterable(rules)) == sorted(
        line for line in save(ruleset).splitlines() if "-A " in line
    )
