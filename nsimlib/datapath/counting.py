"""Connections → the counters that they leave on a node, as `iptables-save -c` prints them.

Every rule that a packet meets counts it, and so does the end of a chain of the kernel's. So the
counters of a node tell which way its packets went, and which rule dropped them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.ruleset import Chain, Counters, Rule, Ruleset, Table
from nsimlib.datapath.saving import save
from nsimlib.model.addresses import Family

__all__ = ["counted", "lines_met"]

#: the size of a first packet of TCP, options included
BYTES = 60
#: by table, chain and number of the rule
Places = Counter[tuple[str, str, int]]


def counted(
    rules: Datapath, *connections: str, packets: int = 1, family: Family = Family.IPV4
) -> str:
    """Return what `iptables-save -c` prints on the node after packets of these connections.

    Raises
    ------
    ConnectionSyntaxError, UnknownName
        As for a walk.

    Examples
    --------
    >>> import nsimlib as ns
    >>> web = ns.datapath("calico", ns.scenario("shop"), "shop/web")
    >>> text = counted(web, "shop/web -> 198.51.100.10:443/TCP", packets=3)
    >>> ns.which_policy_dropped(text)[0].counters
    Counters(packets=3, bytes=180)
    """
    places = Places()
    for connection in connections:
        for hop in rules.walk(connection).hops:
            if hop.node == rules.node and hop.packet.source.family is family:
                met = (step.line for step in hop.passage.steps if step.met)
                places.update((line.table, line.chain, line.number) for line in met)
    tables = (_table(table, places, packets) for table in rules.ruleset(family).tables)
    return save(Ruleset(tuple(tables), family))


def _table(table: Table, places: Places, packets: int) -> Table:
    def counters(chain: Chain, number: int) -> Counters:
        seen = places[table.name, chain.name, number] * packets
        return Counters(seen, seen * BYTES)

    def rules(chain: Chain) -> Iterable[Rule]:
        for number, rule in enumerate(chain.rules, 1):
            yield replace(rule, counters=counters(chain, number))

    chains = (
        replace(chain, rules=tuple(rules(chain)), counters=counters(chain, 0))
        for chain in table.chains
    )
    return replace(table, chains=tuple(chains))


def lines_met(text: str, most: int = 30) -> str:
    r"""Return the lines of `iptables-save -c` that counted a packet, and how many more there are.

    >>> print(lines_met("*filter\n[0:0] -A a -j b\n[3:180] -A b -j DROP\n"))
    [3:180] -A b -j DROP
    """
    found = [line for line in text.splitlines() if line.startswith("[") and line[1:3] != "0:"]
    more = [f"{len(found) - most} more"] if len(found) > most else []
    return "\n".join((*found[:most], *more))
