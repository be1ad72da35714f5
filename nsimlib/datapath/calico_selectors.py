"""Selectors of the model → the one text by which Calico knows a selector, and names its set.

A worked example: in a policy of namespace shop, `podSelector: {matchLabels: {app: db}}` becomes ::

    (projectcalico.org/namespace == "shop"
        && (projectcalico.org/orchestrator == "k8s" && app == "db"))

in one line, and the set for it is called by the hash of that text. All spellings of one selector
in one namespace share a set, and nothing else does.
"""

from collections.abc import Iterator
from typing import cast

from nsimlib.manifests.calico_selectors import prefixed
from nsimlib.model.expressions import (
    All,
    And,
    Comparator,
    Compare,
    Expression,
    Global,
    Has,
    Negation,
    Or,
)
from nsimlib.model.peers import PodPeer
from nsimlib.model.selectors import EVERYTHING, LabelSelector, Operator, Requirement, Selector

__all__ = ["canonical", "subject_text"]

NAMESPACE, ORCHESTRATOR = "projectcalico.org/namespace", "projectcalico.org/orchestrator"
IN_A_NAMESPACE = Has(NAMESPACE)
OF_KUBERNETES = Compare(ORCHESTRATOR, Comparator.EQUALS, ("k8s",))
LABELS_OF_NAMESPACES = "pcns."


def canonical(peer: PodPeer, namespace: str | None) -> str:
    """Return the selector of a peer in a policy of a namespace, or of none.

    A requirement `In` with one value cannot be told from `matchLabels`, and is taken for that.

    >>> canonical(PodPeer(EVERYTHING, LabelSelector.of(app="db")), "shop")
    '(has(projectcalico.org/namespace) && (projectcalico.org/orchestrator == "k8s" && app == "db"))'
    """
    spaces = _spaces(peer, namespace)
    chosen = _chosen(peer)
    if spaces is None:
        return _text(chosen or All())
    return _text(spaces if chosen is None else And((spaces, chosen)))


def subject_text(subject: PodPeer, namespace: str | None) -> str:
    """Return the selector of whom a policy is for, as it is written before anything is parsed.

    Policies in a row that share it share a chain; only that chain's name hangs on the spelling.
    """
    chosen = _chosen(subject)
    written = _text(chosen).replace('"', "'") if chosen else ""
    written = written.removeprefix("(").removesuffix(")") if isinstance(chosen, And) else written
    if namespace is None:
        return written or "all()"
    own = f"{NAMESPACE} == '{namespace}'"
    return f"({written}) && {own}" if written else own


def _spaces(peer: PodPeer, namespace: str | None) -> Expression | None:
    """What is asked of the namespace; None where whatever is in none is meant as well."""
    if peer.namespaces is None:
        return Compare(NAMESPACE, Comparator.EQUALS, (namespace or "",))
    if peer.namespaces == EVERYTHING:
        return None if peer.with_global_sets else IN_A_NAMESPACE
    return _in_namespaces(prefixed(_expression(peer.namespaces), LABELS_OF_NAMESPACES))


def _in_namespaces(spaces: Expression) -> Expression:
    """What a selector of namespaces asks of what is in them (F2.6)."""
    match spaces:
        case All():
            return IN_A_NAMESPACE
        case Global():
            return Negation(IN_A_NAMESPACE)
        case Negation():
            return Negation(_in_namespaces(spaces.part))
        case And() | Or():
            return type(spaces)(tuple(map(_in_namespaces, spaces.parts)))
        case _:
            return spaces


def _chosen(peer: PodPeer) -> Expression | None:
    """What is asked of the pods; a NetworkPolicy means pods of Kubernetes and says so."""
    if peer.pods is not None and not isinstance(peer.pods, LabelSelector):
        return _expression(peer.pods)
    if peer.with_sets:
        return None
    asked = () if peer.pods is None else tuple(_conditions(peer.pods))
    return And((OF_KUBERNETES, *asked)) if asked else OF_KUBERNETES


def _expression(selector: Selector) -> Expression:
    if not isinstance(selector, LabelSelector):
        return cast("Expression", selector)
    conditions = tuple(_conditions(selector))
    return And(conditions) if len(conditions) > 1 else conditions[0] if conditions else All()


def _conditions(selector: LabelSelector) -> Iterator[Expression]:
    yield from map(_condition, selector.requirements)


def _condition(requirement: Requirement) -> Expression:
    key, values = requirement.key, requirement.values
    match requirement.operator:
        case Operator.IN if len(values) == 1:
            return Compare(key, Comparator.EQUALS, values)
        case Operator.IN:
            return Compare(key, Comparator.IN, values)
        case Operator.NOT_IN:
            return Compare(key, Comparator.NOT_IN, values)
        case Operator.EXISTS:
            return Has(key)
        case Operator.DOES_NOT_EXIST:
            return Negation(Has(key))


def _text(part: Expression) -> str:
    """The text that Calico hashes: every group in brackets, every value in double quotes."""
    match part:
        case And():
            return f"({' && '.join(map(_text, part.parts))})"
        case Or():
            return f"({' || '.join(map(_text, part.parts))})"
        case Negation():
            return f"!{_text(part.part)}"
        case Compare() if part.comparator.takes_set:
            values = ", ".join(map(_quoted, sorted(set(part.values))))
            return f"{part.key} {part.comparator.value} {{{values}}}"
        case Compare():
            return f"{part.key} {part.comparator.value} {_quoted(part.values[0])}"
        case _:
            return str(part)


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'
