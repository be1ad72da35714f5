"""One look-up by glibc itself, beside what the model of the resolver says of the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nsimlib.dns.exchanges import Fate, Heard, Nameserver
from nsimlib.dns.lookups import Lookup
from nsimlib.dns.records import Source
from nsimlib.dns.resolvconf import ResolvConf
from nsimlib.dns.resolver import look_up as simulated
from nsimlib.dns.upstream import core_dns
from nsimlib.model.ports import Protocol
from nsimlib.packets.scenes.clients import LookedUp, look_up
from nsimlib.packets.scenes.played import Script
from nsimlib.packets.scenes.stage import Asked, Stage

__all__ = ["HURRIED_BY", "Question", "ask", "hurried"]

#: who sends nothing back that a client could hear
UNHEARD = Heard.NOTHING, Heard.REJECTED


#: so much sooner than with five seconds and two attempts
HURRIED_BY = 10


@dataclass(frozen=True)
class Question:
    """A name, the resolv.conf it is looked up with, and what becomes of packets to port 53.

    `hurried` are the settings of that file that keep the scene short; where they say nothing of it,
    `shortened_by` names what does.
    """

    name: str
    about: str
    conf: ResolvConf
    udp: Fate = Fate.ANSWERED
    tcp: Fate = Fate.ANSWERED
    is_hurried: bool = False
    shortened_by: str = ""

    @property
    def what(self) -> str:
        """What is done, in words."""
        return f"look up {self.name}" + (f", {self.about}" if self.about else "")

    @property
    def given(self) -> ResolvConf:
        """The file as the pod is given it."""
        return hurried(self.conf) if self.is_hurried else self.conf


def hurried(conf: ResolvConf) -> ResolvConf:
    """Return a resolv.conf with which silence ends soon."""
    return replace(conf, timeout=1, attempts=1)


def ask(stage: Stage, script: Script, question: Question, upstream: Source) -> None:
    """Look a name up in the pod, and take down what came of it and whether the model agrees."""
    stage.asked.clear()
    found = look_up(stage.pod, question.name, question.given)
    seen = tuple(stage.asked)
    model = _modelled(stage, question, question.given, upstream)
    facts = dict.fromkeys(fact for step in model.steps for fact in step.facts)
    script.note(question.what, found.outcome, _because(found, seen, model), *facts)
    truly = _modelled(stage, question, question.conf, upstream).seconds
    by = question.shortened_by
    if question.is_hurried:
        by = f"options timeout:1 attempts:1, for timeout:{question.conf.timeout}"
        by = f"{by} attempts:{question.conf.attempts}"
    script.took(question.what, found.seconds, by, f"{truly:g} s" if by else "")


def _modelled(stage: Stage, question: Question, conf: ResolvConf, upstream: Source) -> Lookup:
    source = core_dns(stage.lab.cluster, upstream)
    server = Nameserver(source, question.udp, question.tcp)
    return simulated(question.name, conf, {conf.nameservers[0]: server}, now=stage.now)


def _because(found: LookedUp, seen: tuple[Asked, ...], model: Lookup) -> str:
    expected = tuple(_heard(model))
    agrees = (
        expected == seen
        and model.error == found.error
        and set(map(str, model.addresses)) == set(found.addresses)
    )
    over_tcp = sum(asked.transport is Protocol.TCP for asked in seen)
    count = f"{len(seen)} questions reach CoreDNS" + (f", {over_tcp} over TCP" if over_tcp else "")
    if agrees:
        return f"{count}, as the model says"
    return f"{count}; the model says otherwise: {len(expected)}, {model.error or 'found'}"


def _heard(model: Lookup) -> Iterator[Asked]:
    """The questions that get to the nameserver, as the model has them."""
    for step in model.steps:
        if step.heard not in UNHEARD:
            yield from (Asked(q.name, q.type, q.transport) for q in step.queries)
