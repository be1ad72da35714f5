"""Rulesets and sets → the text that `iptables-save` and `ipset save` print."""

from collections.abc import Iterable, Iterator

from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.ruleset import Chain, Counters, Rule, Ruleset, Table

__all__ = ["save", "save_parts", "save_sets"]

#: more rules the kernel does not take at once from a user without privileges outside
MAX_RULES = 100


def save(ruleset: Ruleset, *, counters: bool = False) -> str:
    """Return the ruleset as `iptables-save` prints it; with `counters`, as `iptables-save -c`.

    Counters that were read are printed in any case.

    >>> print(save(Ruleset((Table("filter", (Chain("FORWARD", policy="DROP"),)),))), end="")
    *filter
    :FORWARD DROP [0:0]
    COMMIT
    """
    lines = [line for table in ruleset.tables for line in _table(table, counters)]
    return "".join(f"{line}\n" for line in (*lines, *ruleset.tail))


def save_parts(ruleset: Ruleset, most: int = MAX_RULES) -> Iterator[str]:
    """Yield the same for `iptables-restore --noflush`, no more than so many rules at once.

    The first part declares all chains. What the kernel calls comes last, so that no packet meets
    the rules before they are complete.
    """
    yield "".join(_part(table.name, map(str, table.chains)) for table in ruleset.tables)
    for table in ruleset.tables:
        chains = sorted(table.chains, key=lambda chain: chain.policy is not None)
        rules = [_rule(chain, rule, counters=False) for chain in chains for rule in chain.rules]
        for first in range(0, len(rules), most):
            yield _part(table.name, rules[first : first + most])


def _part(table: str, lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in (f"*{table}", *lines, "COMMIT"))


def _table(table: Table, counters: bool) -> Iterator[str]:
    yield from table.head
    yield f"*{table.name}"
    yield from map(str, table.chains)
    for chain in table.chains:
        yield from (_rule(chain, rule, counters) for rule in chain.rules)
    yield "COMMIT"


def _rule(chain: Chain, rule: Rule, counters: bool) -> str:
    counted = rule.counters or (Counters() if counters else None)
    return " ".join(filter(None, (str(counted or ""), "-A", chain.name, str(rule))))


def save_sets(sets: Iterable[IPSet]) -> str:
    """Return the sets as `ipset save` prints them, each with its members behind it."""
    return "".join(f"{line}\n" for found in sets for line in _set(found))


def _set(found: IPSet) -> Iterator[str]:
    yield f"create {found.head}"
    for entry in found.entries:
        yield f"add {found.name} {entry}"
