"""What this machine allows of the lab, found by trying, step by step, in a process of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

from nsimlib.errors import LabError
from nsimlib.model.addresses import IPBlock, parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NAME_LABEL, Namespace, Pod
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.packets.helper import Helper
from nsimlib.packets.lab import Lab
from nsimlib.packets.scenes.postgres import installed
from nsimlib.packets.topology import FABRIC

__all__ = ["Report", "Stage", "check"]

#: programs that some scenes use: what to run to see that it works, and the Debian package
PROGRAMS = {
    "iptables": (("iptables", "-S"), "iptables"),
    "ipset": (("ipset", "create", "tried", "hash:net"), "ipset"),
    "ip": (("ip", "link"), "iproute2"),
}
SHOP = Namespace("shop", {NAME_LABEL: "shop"})


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that was tried; without those that are `needed` there is no lab."""

    name: str
    works: bool
    needed: bool = True
    problem: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        if self.works:
            return f"+ {self.name}"
        return f"- {self.name}: {self.problem}" + (f"\n    {self.remedy}" if self.remedy else "")


@dataclass(frozen=True, repr=False)
class Report:
    """What works and what does not, in the order in which it was tried; true if the lab can run."""

    stages: tuple[Stage, ...]

    @property
    def failed(self) -> Stage | None:
        """The needed step that failed, after which nothing more could be tried."""
        return next((each for each in self.stages if each.needed and not each.works), None)

    def __bool__(self) -> bool:
        return self.failed is None

    def works(self, name: str) -> bool:
        """Whether a step was tried and works, such as `"ipset"`."""
        return any(each.name == name and each.works for each in self.stages)

    def __repr__(self) -> str:
        head = "The packet lab runs here" if self else "The packet lab cannot run here"
        return "\n".join((head, *map(str, self.stages)))


def check() -> Report:
    """Return what this machine allows: namespaces, links, nft, real verdicts, further programs.

    A lab of two pods is started and asked; whatever fails is told with what to try.
    """
    return Report(tuple(_stages()))


def _stages() -> Iterator[Stage]:
    lab = Lab(_cluster("10.0.0.1", "10.0.0.2"))
    try:
        lab.start()
    except LabError as error:
        yield Stage(error.stage, False, True, error.problem, error.remedy)
        return
    with lab:
        yield from (Stage(name, True) for name in ("user namespace", "namespaces", "links", "nft"))
        yield _verdicts(lab, "IPv4", needed=True)
        yield from (_program(lab.helper, name) for name in PROGRAMS)
        yield _postgres()
    yield _ipv6()


def _cluster(web: str, db: str) -> Cluster:
    """Two pods, of which one may reach the other's address on 5432/TCP and nothing else."""
    pods = tuple(
        Pod(SHOP, name, {"app": name}, (parse_address(address),))
        for name, address in (("web", web), ("db", db))
    )
    peer = BlockPeer(IPBlock(f"{db}/{128 if ':' in db else 32}"))
    out = frozenset({Direction.EGRESS})
    policy = Policy(
        "NetworkPolicy",
        "shop",
        "web",
        PodPeer(),
        out,
        out,
        (Rule(Direction.EGRESS, None, (peer,)),),
    )
    return Cluster({"shop": SHOP}, pods, policies=(policy,))


def _verdicts(lab: Lab, family: str, needed: bool) -> Stage:
    try:
        found = lab.verify()
    except LabError as error:
        return Stage(family, False, needed, error.problem, error.remedy)
    return Stage(family, bool(found), needed, "" if found else found.summary)


def _ipv6() -> Stage:
    try:
        with Lab(_cluster("fd00::1", "fd00::2")) as lab:
            return _verdicts(lab, "IPv6", needed=False)
    except LabError as error:
        return Stage("IPv6", False, False, error.problem, error.remedy)


def _program(helper: Helper, name: str) -> Stage:
    argv, package = PROGRAMS[name]
    try:
        done = helper.ask("run", netns=FABRIC, argv=argv, stdin="", timeout=10)
    except FileNotFoundError:
        remedy = f"Install the package {package}, for the scenes that use it."
        return Stage(name, False, False, "no such program", remedy)
    except OSError as error:
        return Stage(name, False, False, str(error))
    said = done["stderr"].strip().partition("\n")[0]
    return Stage(name, done["code"] == 0, False, said)


def _postgres() -> Stage:
    try:
        installed()
    except LabError as error:
        return Stage("postgres", False, False, error.problem, error.remedy)
    return Stage("postgres", True, False)
