"""All rules, one function each, in a module for each family; and all of them by id.

A new rule is a function in the module of its family; a new module is named here.
"""

from typing import Final

from nsimlib.audit.registry import FAMILIES, Rule
from nsimlib.audit.rules import (
    addresses,
    admin_ports,
    breadth,
    calico,
    calico_order,
    calico_tiers,
    cilium,
    cluster_addresses,
    directions,
    dns,
    dns_peers,
    dns_servers,
    dns_service,
    empty_selectors,
    enforcers,
    environments,
    exceptions,
    exceptions_undone,
    families,
    host_network,
    hygiene,
    intent,
    joined_entries,
    metadata,
    named_ports,
    odd_blocks,
    one_sided,
    openports,
    other_labels,
    port_ranges,
    ports,
    redundancy,
    schema,
    selectors,
    sensitive,
    services_of_clouds,
    shapes,
    superfluous,
    system_pods,
    target_ports,
    uncovered,
    upkeep,
    vacuity,
)

__all__ = ["RULES"]

MODULES: Final = (
    schema,
    shapes,
    selectors,
    joined_entries,
    empty_selectors,
    other_labels,
    host_network,
    dns,
    dns_service,
    dns_servers,
    dns_peers,
    addresses,
    breadth,
    exceptions,
    exceptions_undone,
    cluster_addresses,
    families,
    odd_blocks,
    services_of_clouds,
    ports,
    openports,
    named_ports,
    port_ranges,
    target_ports,
    admin_ports,
    directions,
    intent,
    one_sided,
    enforcers,
    cilium,
    calico,
    calico_order,
    calico_tiers,
    redundancy,
    superfluous,
    vacuity,
    hygiene,
    uncovered,
    system_pods,
    sensitive,
    environments,
    upkeep,
    metadata,
)
_FOUND = [each for module in MODULES for each in vars(module).values() if isinstance(each, Rule)]
_ORDER = list(FAMILIES)
#: every rule by its id, family by family
RULES: Final = {
    each.id: each for each in sorted(_FOUND, key=lambda rule: (_ORDER.index(rule.id[5]), rule.id))
}
