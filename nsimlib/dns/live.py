"""The controller for real: a resolver that is asked over the network, and YAML written whole.

::

    for done in follow(controller, "allow-orders.yaml", LiveResolver()):
        print(*done.seen)

Whoever applies the file (`kubectl apply -f`, or a GitOps agent) never meets half of one.
"""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from nsimlib.dns.controller import Controller, Reconciled, Target, ask, reconcile
from nsimlib.dns.records import Answer, Rcode, RecordType, Source, canonical
from nsimlib.dns.wire import records_of
from nsimlib.errors import ManifestError, Problem, SettingError
from nsimlib.manifests.reading import loads
from nsimlib.manifests.saving import write_whole
from nsimlib.manifests.writing import dump
from nsimlib.model.addresses import parse_address
from nsimlib.model.cluster import Cluster
from nsimlib.model.policy import Policy

__all__ = ["LiveResolver", "follow"]


class LiveResolver(Source):
    """Nameservers on the network: those of this machine, or one by address.

    `since` of an answer is the `now` that was asked with; nothing is kept here.

    Raises
    ------
    SettingError
        If the nameserver is no address, and, when it is asked, if a name is no domain name.
    """

    def __init__(self, nameserver: str = "", *, port: int = 53, seconds: float = 5) -> None:
        import dns.resolver

        self._resolver = dns.resolver.Resolver(configure=not nameserver)
        if nameserver:
            try:
                parse_address(nameserver)
            except ValueError:
                raise SettingError("nameserver", nameserver, "an address") from None
            self._resolver.nameservers, self._resolver.port = [nameserver], port
        self._resolver.lifetime = seconds

    def answer(self, name: str, type: RecordType = RecordType.A, now: float = 0) -> Answer:
        """Return what the network says; where nobody answers in time, that is SERVFAIL."""
        import dns.exception
        import dns.name
        import dns.resolver

        asked = canonical(name)
        try:
            found = self._resolver.resolve(
                f"{asked}.", str(type), raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            return Answer(asked, type, Rcode.NXDOMAIN, since=now, by="the network")
        except (dns.resolver.NoNameservers, dns.exception.Timeout):
            return Answer(asked, type, Rcode.SERVFAIL, since=now, by="the network")
        except (dns.name.EmptyLabel, dns.name.LabelTooLong, dns.name.NameTooLong):
            raise SettingError("name", name, "a domain name") from None
        records = tuple(records_of(found.response))
        return Answer(asked, type, records=records, since=now, by="the network")


def follow(
    controller: Controller,
    path: str | Path,
    source: Source,
    *,
    rounds: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Reconciled]:
    """Keep the NetworkPolicy in a file up to date, and yield what is open after each look-up.

    What the file has open from an earlier run stays for its grace. It is written only when it
    changes, and always whole. Without `rounds` it goes on until nobody asks for more.

    Raises
    ------
    ManifestError
        If the file holds what is no manifest or is not the controller's own, or the API server
        would refuse the policy.
    """
    file, target = Path(path), controller.target
    current = Reconciled.of(target, _held(file, target), clock())
    for number in count() if rounds is None else range(rounds):
        if number:
            sleep(controller.interval)
        now = clock()
        before, current = current, reconcile(current, ask(target, source, now), now)
        if current.policies and (current.seen.keys() != before.seen.keys() or not file.exists()):
            text = dump(Cluster(policies=current.policies))
            loads(text)
            write_whole(file, text)
        yield current


def _held(file: Path, target: Target) -> tuple[Policy, ...]:
    """The policy in the file; a file with anything else in it is not ours to write over."""
    if not file.exists():
        return ()
    found = loads(file.read_text(encoding="utf-8"))
    kinds = {kind for kind, _ in (*found.report.objects, *found.report.unmodelled)}
    keys = {policy.key for policy in found.policies}
    if not (kinds <= {"NetworkPolicy"} and keys <= {target.key}):
        detail = f"holds {', '.join(sorted((kinds - {'NetworkPolicy'}) | (keys - {target.key})))}"
        remedy = f"Give the controller a file of its own: it keeps {target.key} alone there."
        raise ManifestError([Problem(str(file), 0, 0, "", detail, remedy=remedy)])
    return found.policies
