"""What each comparison means in words: one function per comparison, fed with its two sides.

No sentence decides anything: each puts a kept `Condition` into words.
"""

from collections.abc import Callable
from typing import cast

from nsimlib.evaluation.evidence import Check, Comparison, Condition
from nsimlib.model.addresses import Address, IPBlock
from nsimlib.model.objects import External, Node, Party, Pod, Service, visible_labels
from nsimlib.model.peers import BlockPeer, DomainPeer, Entity
from nsimlib.model.ports import PolicyPort, Port, PortSet
from nsimlib.model.selectors import Selector

__all__ = ["Naming", "ports_sentence", "sentence"]

#: how an end is called in the explanation at hand
Naming = Callable[[Party], str]


def sentence(condition: Condition, naming: Naming) -> str:
    """Return what a condition found, in one clause."""
    return SENTENCES[condition.comparison](condition, naming)


def ports_sentence(conditions: tuple[Condition, ...]) -> str:
    """Return one clause for all entries of a rule's `ports`."""
    wanted = ", ".join(_port_text(condition) for condition in conditions)
    given, _ = cast("tuple[Port, Party]", conditions[0].given)
    among = any(condition.holds for condition in conditions)
    return f"{given} is {'' if among else 'not '}among {wanted}"


def _port_text(condition: Condition) -> str:
    port, meant = cast("tuple[PolicyPort, PortSet]", condition.wanted)
    if not isinstance(port.port, str):
        is_cut = port.end_port is not None and meant != port.numbers()
        return f"{port} (read as {meant})" if is_cut else str(port)
    return f"{port} ({meant or 'a name the destination does not have'})"


def _port(condition: Condition, _: Naming) -> str:
    return ports_sentence((condition,))


def _is_pod(condition: Condition, naming: Naming) -> str:
    party = cast("Party", condition.given)
    name = naming(party)
    if condition.holds:
        return f"{name} is a pod of the cluster"
    if isinstance(party, Pod):
        return f"{name} is on its node's network, so no selector selects it"
    return f"{name} is {'a node' if isinstance(party, Node) else 'no pod'}; selectors select pods"


def _own_namespace(condition: Condition, naming: Naming) -> str:
    pod = cast("Pod", condition.given)
    if condition.holds:
        return f"{naming(pod)} is in namespace {condition.wanted}"
    stays = f"podSelector alone means namespace {condition.wanted}"
    return f"{stays}; {naming(pod)} is in {pod.namespace}"


def _namespace_labels(condition: Condition, _: Naming) -> str:
    pod, selector = cast("Pod", condition.given), cast("Selector", condition.wanted)
    return _labels(f"namespace {pod.namespace}", selector, selector.misses(pod.namespace.labels))


def _pod_labels(condition: Condition, naming: Naming) -> str:
    pod, selector = cast("Pod", condition.given), cast("Selector", condition.wanted)
    return _labels(naming(pod), selector, selector.misses(visible_labels(pod, selector)))


def _service_selector(condition: Condition, _: Naming) -> str:
    service = cast("Service", condition.given)
    if not service.selector:
        return f"Service {service.key} has no selector, so no rule by selector takes it in"
    takes = "takes" if condition.holds else "does not take"
    return f"the rule's selector {takes} in Service {service.key} by the labels that it selects"


def _node_labels(condition: Condition, naming: Naming) -> str:
    party, selector = cast("Party", condition.given), cast("Selector", condition.wanted)
    if not isinstance(party, Node):
        return f"{naming(party)} is no node"
    return _labels(naming(party), selector, selector.misses(party.labels))


def _labels(name: str, selector: Selector, misses: tuple[str, ...]) -> str:
    return f"{name} {' and '.join(misses)}" if misses else f"{name} matches {selector}"


def _block(condition: Condition, naming: Naming) -> str:
    peer = cast("BlockPeer", condition.wanted)
    block, via = peer.block, f" ({peer.via})" if peer.via else ""
    if not isinstance(condition.given, tuple) or isinstance(condition.given, Address):
        party = cast("Party", condition.given)
        return f"the address of {naming(party)} is not known, so {block}{via} may hold it or not"
    addresses = cast("tuple[Address, ...]", condition.given)
    clauses = (_address_in_block(address, block) for address in addresses)
    open_end = ", and it is open which is compared" if condition.holds is None else ""
    return " and ".join(clauses) + via + open_end


def _address_in_block(address: Address, block: IPBlock) -> str:
    if block.contains(address):
        return f"{address} is in {block}"
    if exception := block.exception_for(address):
        return f"{address} is in {block.cidr} but excepted by {exception}"
    return f"{address} is not in {block.cidr}"


def _block_meets_nodes(condition: Condition, naming: Naming) -> str:
    name = naming(cast("Party", condition.given))
    if condition.holds is None:
        return f"it is open whether an ipBlock matches nodes, and {name} is one"
    return f"an ipBlock matches no nodes here, and {name} is one"


def _block_meets_pods(condition: Condition, naming: Naming) -> str:
    name = naming(cast("Party", condition.given))
    if condition.holds is None:
        return f"it is open whether an ipBlock selects pods, and {name} is one"
    return f"an ipBlock selects no pods in this reading, and {name} is one"


def _domain(condition: Condition, naming: Naming) -> str:
    name = naming(cast("External", condition.given))
    return f"{name} is {'an' if condition.holds else 'no'} address of {condition.wanted}"


def _entity(condition: Condition, naming: Naming) -> str:
    entity = cast("Entity", condition.wanted)
    if condition.holds is None:
        party = naming(cast("Party", condition.given))
        return f"{party} may belong to {entity.value}, for it is not known which nodes these are"
    belongs = "belongs" if condition.holds else "does not belong"
    return f"{naming(cast('Party', condition.given))} {belongs} to {entity.value}"


def _learned(condition: Condition, _: Naming) -> str:
    """What a proxy has seen; without one DNS may work, and the address is not known (F3.22)."""
    if condition.holds:
        return f"the address of {condition.wanted} is learned from the DNS proxy"
    asked = cast("tuple[DomainPeer, ...]", condition.given)
    if not asked:
        return f"no rule sends DNS through the proxy, so {condition.wanted} has no known address"
    names = ", ".join(name.pattern for name in asked)
    return f"the proxy is asked about {names} only, so {condition.wanted} has no known address"


def _unknown(condition: Condition, _: Naming) -> str:
    return f"it is not known: {condition.wanted}"


def _any_of(condition: Condition, naming: Naming) -> str:
    checks = cast("tuple[Check, ...]", condition.wanted)
    chosen = [check for check in checks if check.matched is condition.holds] or checks
    return " or ".join(_joined(check, naming) for check in chosen) or "nothing is behind it"


def _not(condition: Condition, naming: Naming) -> str:
    inner = _joined(cast("Check", condition.wanted), naming)
    return f"{'not ' if condition.holds else ''}excluded: {inner}"


def _joined(check: Check, naming: Naming) -> str:
    """What one joined part found; where it fails, only what fails."""
    told = [each for each in check.conditions if each.holds is check.matched]
    return " and ".join(sentence(each, naming) for each in told or check.conditions)


SENTENCES: dict[Comparison, Callable[[Condition, Naming], str]] = {
    Comparison.PORT: _port,
    Comparison.IS_POD: _is_pod,
    Comparison.OWN_NAMESPACE: _own_namespace,
    Comparison.NAMESPACE_LABELS: _namespace_labels,
    Comparison.POD_LABELS: _pod_labels,
    Comparison.SERVICE_SELECTOR: _service_selector,
    Comparison.NODE_LABELS: _node_labels,
    Comparison.BLOCK: _block,
    Comparison.BLOCK_MEETS_PODS: _block_meets_pods,
    Comparison.BLOCK_MEETS_NODES: _block_meets_nodes,
    Comparison.NAME_LEARNED: _learned,
    Comparison.UNKNOWN: _unknown,
    Comparison.ANY_OF: _any_of,
    Comparison.NOT: _not,
    Comparison.DOMAIN: _domain,
    Comparison.ENTITY: _entity,
}
