"""How Felix spells a rule when it hands it to `iptables-restore`: its hash covers these words.

`iptables-save` prints the same rule in other words and another order, as this module turns it.
"""

from dataclasses import dataclass, replace

from nsimlib.datapath.calico_names import rule_hashes
from nsimlib.datapath.calico_ports import NUMBERED
from nsimlib.datapath.matches import (
    Comment,
    Interface,
    Match,
    Multiport,
    Net,
    Proto,
    span_text,
)
from nsimlib.datapath.ruleset import Chain, Origin, Rule, Target

__all__ = ["Draft", "finished"]

#: notes lose what a shell could read as more than text, and what is too long
SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_ @%+=:,./-")
MAX_NOTE = 256
#: the order of `iptables-save`; whatever is not here comes behind, as it was given
FIRST = ("-s", "-d", "-i", "-o", "-p")
#: protocols that rules of a policy name by number, by the names that are printed
NUMBERS = {name: number for number, name in NUMBERED.items()}
ENDS = {"src": "source", "dst": "destination"}
#: a block of all addresses, which `iptables-save` does not print
EVERYWHERE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as Felix thinks of it: conditions in Felix's order, the target, notes, and why."""

    matches: tuple[Match, ...] = ()
    target: Target | None = None
    notes: tuple[str, ...] = ()
    origin: Origin | None = None
    #: the protocol by its number, as in rules that are there on every node
    by_number: bool = False

    @property
    def returns(self) -> bool:
        """Whether all it does is to go back."""
        return self.target is not None and self.target.name == "RETURN"


def finished(name: str, drafts: tuple[Draft, ...], policy: str | None = None) -> Chain:
    """Return a chain of these rules, each with its hash."""
    spelled = map(_spelled, drafts)
    rules = (
        _rule(draft, identity)
        for draft, identity in zip(drafts, rule_hashes(name, spelled), strict=True)
    )
    return Chain(name, tuple(rules), policy)


def _rule(draft: Draft, identity: str) -> Rule:
    notes = (Comment(f"cali:{identity}"), *(Comment(_safe(note)) for note in draft.notes))
    kept = [m for m in draft.matches if not (isinstance(m, Net) and m.cidr in EVERYWHERE)]
    first = [match for match in kept if _rank(match) < len(FIRST)]
    rest = [match for match in kept if match not in first]
    return Rule((*sorted(first, key=_rank), *notes, *rest), draft.target, origin=draft.origin)


def _rank(match: Match) -> int:
    if not isinstance(match, Net | Interface | Proto):
        return len(FIRST)
    return FIRST.index(str(replace(match, negated=False)).split(" ", 1)[0])


def _safe(note: str) -> str:
    return "".join(letter if letter in SAFE else "_" for letter in note)[:MAX_NOTE]


def _spelled(draft: Draft) -> str:
    notes = (f'-m comment --comment "{_safe(note)}"' for note in draft.notes)
    words = (*notes, *(_match(match, draft) for match in draft.matches), _target(draft.target))
    return " ".join(filter(None, words))


def _match(match: Match, draft: Draft) -> str:
    no = "! " if getattr(match, "negated", False) else ""
    match match:
        case Net():
            return f"{no}--{ENDS[match.end]} {match.cidr}"
        case Interface():
            return f"{no}--{match.way}-interface {match.name}"
        case Proto():
            return f"{no}-p {_protocol(match.name, draft)}"
        case Multiport():
            ports = ",".join(map(span_text, match.spans))
            return f"-m multiport {no}--{ENDS[match.end]}-ports {ports}"
        case _:
            return str(match).replace("--mark 0x0/", "--mark 0/")


def _protocol(name: str, draft: Draft) -> str:
    if draft.by_number:
        return {"udp": "17", "ipencap": "4", "ipv6-icmp": "58"}[name]
    return "icmpv6" if name == "ipv6-icmp" else NUMBERS.get(name, name)


def _target(target: Target | None) -> str:
    if target is None:
        return ""
    if target.goto:
        return f"--goto {target.name}"
    options = target.options.replace("--set-xmark 0x0/", "--set-mark 0/")
    options = options.replace("--set-xmark", "--set-mark")
    if target.name == "REJECT":
        options = ""
    return f"--jump {target.name} {options}".rstrip()
