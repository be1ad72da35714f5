"""`redact`: a cluster in other words, read back from what was written of it."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from nsimlib.errors import RedactionError
from nsimlib.manifests import dump, loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.domains import PatternDialect, names
from nsimlib.model.peers import DomainPeer, Peer, parts_of
from nsimlib.redaction.addresses import Addresses
from nsimlib.redaction.objects import Objects, values_of_labels
from nsimlib.redaction.policies import Policies
from nsimlib.redaction.selectors import Selectors
from nsimlib.redaction.ties import number_tiers
from nsimlib.redaction.words import Words

__all__ = ["Redacted", "redact"]


@dataclass(frozen=True)
class Redacted:
    """A cluster that may be shown to others.

    `yaml` is what to hand over, and `cluster` the same, read back. `key` makes the same pseudonyms
    for another dump: keep it with what it hides. `legend` says what each pseudonym stands for, so
    that the owner understands answers. `notes` tell what was left out or said otherwise.
    """

    cluster: Cluster
    yaml: str = field(repr=False)
    key: str = field(repr=False)
    legend: dict[str, str] = field(repr=False)
    notes: tuple[str, ...] = ()


def redact(cluster: Cluster, key: str | None = None) -> Redacted:
    """Return a cluster with pseudonyms for what is somebody's, in which each verdict is the same.

    Names, labels, names of ports, domain names and addresses get others; addresses keep their
    prefixes in common. Descriptions, comments and annotations are gone. Words that everybody uses
    stay, such as `kube-system`, `k8s-app: kube-dns` and the address of the metadata service.

    Parameters
    ----------
    key
        A secret; with the same one the same word gets the same pseudonym. Made up if left out.

    Raises
    ------
    RedactionError
        If a pattern of domain names would match others than before, or something cannot be written.

    Examples
    --------
    >>> import nsimlib as ns
    >>> shown = redact(ns.scenario("shop"), key="example").cluster
    >>> [each for each in shown.namespaces if not each.startswith("x")]
    ['default', 'ingress', 'kube-system']
    """
    secret = key or secrets.token_hex(16)
    digest, notes = secret.encode(), list(_left_out(cluster))
    words, addresses = Words(digest), Addresses(digest)
    number_tiers(cluster.tiers, words)
    selectors = Selectors(words, values_of_labels(cluster), notes.append)
    after = Objects(Policies(words, addresses, selectors)).cluster(cluster)
    _compare_patterns(cluster, words)
    try:
        text = dump(after)
    except TypeError as error:
        raise RedactionError(f"what was read cannot be written again: {error}") from None
    return Redacted(
        loads(text, strict=False), text, secret, _somebodys(words), tuple(dict.fromkeys(notes))
    )


def _somebodys(words: Words) -> dict[str, str]:
    return {said: text for said, text in sorted(words.legend.items()) if said != text}


def _left_out(cluster: Cluster) -> Iterator[str]:
    """What the API server would refuse, and kinds that are not modelled, are in no dump of ours."""
    report = cluster.report
    if report.problems:
        refused = len({problem.about or problem.path for problem in report.problems})
        yield f"left out: {refused} objects that the API server would refuse"
    for kind, count in report.unmodelled:
        yield f"left out: {count} {kind}, which nsimlib does not model"


def _compare_patterns(cluster: Cluster, words: Words) -> None:
    """A `*` inside of a word stands for a part of it, and pseudonyms have no parts."""
    known = {name for place in cluster.places for name in place.names}
    patterns = {(each.dialect, each.pattern) for each in _domain_peers(cluster)}
    known |= {pattern for _, pattern in patterns if "*" not in pattern}
    for dialect, pattern in sorted(patterns, key=lambda pair: (pair[0].value, pair[1])):
        if _differ(dialect, pattern, known, words):
            raise RedactionError(
                f"the pattern {pattern!r} would match other names than before: "
                "a `*` stands for a part of a word there. Write the names out, or leave it out"
            )


def _differ(dialect: PatternDialect, pattern: str, known: set[str], words: Words) -> bool:
    after = words.domain(pattern)
    return any(
        names(pattern, dialect, name) != names(after, dialect, words.domain(name)) for name in known
    )


def _domain_peers(cluster: Cluster) -> Iterator[DomainPeer]:
    for policy in cluster.policies:
        for rule in policy.rules:
            yield from (each for peer in rule.all_peers for each in _domains(peer))
            yield from rule.layer7.dns if rule.layer7 else ()


def _domains(peer: Peer) -> Iterator[DomainPeer]:
    yield from (part for part in parts_of(peer) if isinstance(part, DomainPeer))
