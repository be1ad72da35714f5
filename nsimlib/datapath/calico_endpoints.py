"""The chains of one pod, and those that lead a packet to them by its interface (F2.22, F2.30)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from nsimlib.datapath.calico_names import group_chain, policy_chain, profile_chain, short
from nsimlib.datapath.calico_rules import RETURN, deny, is_set, set_mark
from nsimlib.datapath.calico_selectors import subject_text
from nsimlib.datapath.calico_settings import ACCEPT, PASS, Settings
from nsimlib.datapath.calico_spelling import Draft, finished
from nsimlib.datapath.matches import Conntrack, Interface, Mark, Match, Multiport, Proto
from nsimlib.datapath.ruleset import Chain, Origin, Target
from nsimlib.model.addresses import Family
from nsimlib.model.policy import Action, Direction, Policy, Tier

__all__ = ["FROM_POD", "TO_POD", "Endpoint", "TierPart", "dispatch", "endpoint_chain"]

FROM_POD = "cali-from-wl-dispatch"
TO_POD = "cali-to-wl-dispatch"
DISPATCH = {Direction.EGRESS: FROM_POD, Direction.INGRESS: TO_POD}
PREFIXES = {Direction.EGRESS: "cali-fw-", Direction.INGRESS: "cali-tw-"}
WAYS = {Direction.EGRESS: "in", Direction.INGRESS: "out"}
#: with this many policies in a chain of their own, a packet that is decided goes back in between
STRIDE = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Policies in a row with the same selector: one, or several with a chain of their own."""

    direction: Direction
    policies: tuple[Policy, ...]
    names: tuple[str, ...]

    @property
    def chain(self) -> str:
        """The chain to jump to."""
        if len(self.policies) == 1:
            return self.names[0]
        first = self.policies[0]
        selector = subject_text(first.subject, first.namespace)
        return group_chain(selector, self.policies, self.direction)

    @property
    def origin(self) -> Origin | None:
        """The policy, where there is just one."""
        return Origin(self.policies[0], self.direction) if len(self.policies) == 1 else None

    def as_chain(self) -> Chain | None:
        """The chain of several policies, None where there is just one."""
        if len(self.policies) == 1:
            return None
        return finished(self.chain, tuple(self._drafts()))

    def _drafts(self) -> Iterator[Draft]:
        undecided = Mark(0, ACCEPT | PASS)
        decided = Mark(0, ACCEPT | PASS, negated=True)
        for number, (policy, name) in enumerate(zip(self.policies, self.names, strict=True)):
            is_first = number % STRIDE == 0
            if number and is_first:
                yield Draft((decided,), RETURN, ("Return on verdict",))
            matches = () if is_first else (undecided,)
            yield Draft(matches, Target(name), origin=Origin(policy, self.direction))


@dataclass(frozen=True, slots=True)
class TierPart:
    """The policies of one tier that apply to a pod in one direction, in their order."""

    tier: Tier
    groups: tuple[Group, ...]

    @classmethod
    def of(
        cls, tier: Tier, direction: Direction, policies: Sequence[Policy], settings: Settings
    ) -> "TierPart":
        """Return the part of a tier, its policies grouped."""

        def selector(policy: Policy) -> tuple[object, ...]:
            return policy.subject, policy.namespace

        groups = (tuple(some) for _, some in groupby(policies, key=selector))
        return cls(
            tier,
            tuple(
                Group(
                    direction,
                    some,
                    tuple(policy_chain(p, direction, settings.version, tier.name) for p in some),
                )
                for some in groups
            ),
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One pod as its node has it: an interface, the parts of the tiers, and the profiles."""

    interface: str
    parts: dict[Direction, tuple[TierPart, ...]]
    profiles: tuple[str, ...]

    def chain_name(self, direction: Direction) -> str:
        """The chain for what leaves the pod, or for what comes to it."""
        return short(PREFIXES[direction], self.interface)


def endpoint_chain(
    endpoint: Endpoint, direction: Direction, family: Family, settings: Settings
) -> Chain:
    """Return the chain of a pod for one direction.

    Open connections pass first (F2.18). Then the tiers, of which each that applies decides unless
    it passes the packet on, and only then the profiles (F8.2).
    """
    denial, word = deny(settings, family), settings.denial.word
    drafts = [
        Draft((Conntrack(("RELATED", "ESTABLISHED")),), Target("ACCEPT")),
        Draft((Conntrack(("INVALID",)),), denial),
        Draft(target=set_mark(0, ACCEPT | PASS)),
    ]
    if direction is Direction.EGRESS:
        drafts += _tunnels(settings, denial)
    for part in endpoint.parts[direction]:
        drafts += _tier(part, denial, word)
    for profile in endpoint.profiles:
        note = ("Return if profile accepted",)
        drafts.append(Draft(target=Target(profile_chain(profile, direction))))
        drafts.append(Draft((is_set(ACCEPT),), RETURN, note))
    drafts.append(Draft(target=denial, notes=(f"{word} if no profiles matched",)))
    return finished(endpoint.chain_name(direction), tuple(drafts))


def _tunnels(settings: Settings, denial: Target) -> Iterator[Draft]:
    """A pod's own tunnel would go round its egress policy (F2.20)."""
    tunnels: list[tuple[bool, str, tuple[Match, ...]]] = [
        (
            settings.allow_vxlan,
            "VXLAN",
            (Proto("udp"), Multiport("dst", ((settings.vxlan_port,) * 2,))),
        ),
        (settings.allow_ipip, "IPinIP", (Proto("ipencap"),)),
    ]
    for allowed, name, matches in tunnels:
        if not allowed:
            note = f"{settings.denial.word} {name} encapped packets originating in workloads"
            yield Draft(matches, denial, (note,), by_number=True)


def _tier(part: TierPart, denial: Target, word: str) -> Iterator[Draft]:
    name, not_passed = part.tier.name, Mark(0, PASS)
    yield Draft(target=set_mark(0, PASS), notes=(f"Start of tier {name}",))
    for group in part.groups:
        yield Draft((not_passed,), Target(group.chain), origin=group.origin)
        yield Draft((is_set(ACCEPT),), RETURN, ("Return if policy accepted",))
    if part.tier.default is not Action.PASS:
        note = f"End of tier {name}. {word} if no policies passed packet"
        yield Draft((not_passed,), denial, (note,))


def dispatch(
    endpoints: Sequence[Endpoint], direction: Direction, family: Family, settings: Settings
) -> Iterator[Chain]:
    """Yield the chains that lead to those of the pods: a shallow tree by the next letter.

    With the interfaces cali4a…, cali4b… and cali7…, `cali4+` has a chain of its own, and cali7…
    stands in the first (F2.22). An interface that is not known is denied: pods start closed
    (F2.34).
    """
    root = DISPATCH[direction]
    chains = {one.interface: one.chain_name(direction) for one in endpoints}
    common = _common_prefix(sorted(chains))
    unknown = Draft(target=deny(settings, family), notes=("Unknown interface",))
    leading: list[Draft] = []
    for prefix, some in groupby(sorted(chains), key=lambda name: name[: len(common) + 1]):
        names = list(some)
        steps = [_goto(direction, name, chains[name]) for name in names]
        if len(names) > 1:
            branch = f"{root}-{prefix[len(common) :]}"
            yield finished(branch, (*steps, unknown))
            steps = [_goto(direction, f"{prefix}+", branch)]
        leading += steps
    yield finished(root, (*leading, unknown))


def _common_prefix(names: Sequence[str]) -> str:
    """What all names begin with, of names that are sorted."""
    if not names:
        return ""
    first, last = names[0], names[-1]
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in alike)


def _goto(direction: Direction, interface: str, chain: str) -> Draft:
    return Draft((Interface(WAYS[direction], interface),), Target(chain, goto=True))
