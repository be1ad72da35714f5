"""The same rules and sets as `nft` prints them: a second print of the same data (F2.36).

Calico's nftables mode has these chains and this verdict logic. Names are as in the iptables print;
only the colon in names of sets, which nft does not allow, becomes a dash.
"""

from collections.abc import Iterable, Iterator, Sequence

from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.nft_words import condition, name_of_set, verdict
from nsimlib.datapath.ruleset import Chain, Rule, Ruleset
from nsimlib.model.addresses import AddressRange, Family, IPBlock, parse_cidr

__all__ = ["TABLE", "nft_parts", "nft_text"]

TABLE = "calico"
#: of more than this the kernel takes no transaction from an ordinary user
MAX_RULES, MAX_ELEMENTS = 100, 3000
#: the kernel keeps no more of a note
MAX_NOTE = 120
FAMILIES = {Family.IPV4: "ip", Family.IPV6: "ip6"}
TYPES = {Family.IPV4: "ipv4_addr", Family.IPV6: "ipv6_addr"}
HOOKS = {"INPUT": "input", "FORWARD": "forward", "OUTPUT": "output"}
PAIRS = "hash:ip,port"


def nft_text(ruleset: Ruleset, sets: Iterable[IPSet]) -> str:
    """Return the filter table and its sets as one table for `nft -f`.

    Raises
    ------
    UnknownName
        If a condition or target is not known, and so has no word in nft.
    """
    table = ruleset.by_name["filter"]
    blocks = (*map(_set, sets), *(_chain(c, c.rules, ruleset.family) for c in table.chains))
    return _table(ruleset.family, blocks)


def nft_parts(ruleset: Ruleset, sets: Sequence[IPSet]) -> Iterator[str]:
    """Yield the same in parts that an ordinary user may load in a user namespace, one by one.

    The first declares all chains and sets, the others fill them. Nothing is checked before the last
    is in, for the rule that leads into all of it is in the chain of the kernel's.
    """
    family, chains = ruleset.family, ruleset.by_name["filter"].chains
    yield _table(family, (*(_set(each, ()) for each in sets), *(_head(c) for c in chains)))
    for found in sets:
        elements = list(_elements(found))
        for first in range(0, len(elements), MAX_ELEMENTS):
            part = elements[first : first + MAX_ELEMENTS]
            into = f"{FAMILIES[family]} {TABLE} {name_of_set(found.name)}"
            yield f"add element {into} {_list(part)}\n"
    placed = [(c, rule) for c in sorted(chains, key=_is_called) for rule in c.rules]
    for first in range(0, len(placed), MAX_RULES):
        some = placed[first : first + MAX_RULES]
        yield _table(family, (_chain(c, (rule,), family, called=False) for c, rule in some))


def _is_called(chain: Chain) -> bool:
    return chain.policy is not None


def _table(family: Family, blocks: Iterable[str]) -> str:
    return f"table {FAMILIES[family]} {TABLE} {{\n" + "\n".join(blocks) + "}\n"


def _block(head: str, lines: Iterable[str]) -> str:
    return "".join((f"\t{head} {{\n", *(f"\t\t{line}\n" for line in lines), "\t}\n"))


def _head(chain: Chain) -> str:
    return _chain(chain, (), Family.IPV4)


def _chain(chain: Chain, rules: Iterable[Rule], family: Family, *, called: bool = True) -> str:
    hook = HOOKS.get(chain.name, "")
    policy = (chain.policy or "ACCEPT").lower()
    head = [f"type filter hook {hook} priority filter; policy {policy};"] if hook and called else []
    return _block(f"chain {chain.name}", (*head, *(_rule(rule, family) for rule in rules)))


def _rule(rule: Rule, family: Family) -> str:
    """Conditions, a counter, the verdict, and all notes in one."""
    words = [word for match in rule.matches if (word := condition(match, rule.matches, family))]
    note = "; ".join(rule.comments).replace('"', "'")[:MAX_NOTE]
    said = (*words, "counter", verdict(rule.target), f'comment "{note}"' if note else "")
    return " ".join(filter(None, said))


def _set(found: IPSet, elements: Sequence[str] | None = None) -> str:
    elements = list(_elements(found)) if elements is None else elements
    kind = TYPES[found.family or Family.IPV4]
    if found.type == PAIRS:
        lines = [f"type {kind} . inet_proto . inet_service"]
    else:
        lines = [f"type {kind}", "flags interval"]
    if elements:
        lines.append(f"elements = {_list(elements)}")
    return _block(f"set {name_of_set(found.name)}", lines)


def _list(elements: Iterable[str]) -> str:
    return f"{{ {', '.join(elements)} }}"


def _elements(found: IPSet) -> Iterator[str]:
    """The members; blocks in order, none of which lies in another, for nft refuses such."""
    if found.type == PAIRS:
        for value in sorted(found.values):
            address, _, port = value.partition(",")
            yield " . ".join((address, *port.split(":")))
        return
    taken_out = tuple(_cidr(each.value) for each in found.entries if each.nomatch)
    whole = (piece for value in found.values for piece in _pieces(_cidr(value), taken_out))
    last: AddressRange | None = None
    for piece in sorted(whole, key=lambda each: (each.first, -each.last)):
        if last is None or not last.covers(piece):
            last = piece
            yield from (cidr.removesuffix(f"/{piece.family.bits}") for cidr in piece.cidrs)


def _pieces(cidr: str, taken_out: tuple[str, ...]) -> Iterator[AddressRange]:
    whole = parse_cidr(cidr)
    inside = tuple(each for each in taken_out if whole.covers(parse_cidr(each)))
    yield from IPBlock(cidr, inside).ranges


def _cidr(value: str) -> str:
    if "/" in value:
        return value
    return f"{value}/{Family.IPV6.bits if ':' in value else Family.IPV4.bits}"
