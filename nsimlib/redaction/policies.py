"""Policies in other words: the same rules about the same ends."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from nsimlib.model.addresses import IPBlock
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    DomainPeer,
    EntityPeer,
    NodePeer,
    Not,
    Peer,
    PodPeer,
    ServicePeer,
    UnknownPeer,
)
from nsimlib.model.policy import NOWHERE, Layer7, Policy, Rule
from nsimlib.model.ports import PolicyPort
from nsimlib.model.selectors import Selector
from nsimlib.redaction.addresses import Addresses
from nsimlib.redaction.selectors import Selectors
from nsimlib.redaction.words import Words

__all__ = ["Policies"]

#: fields that hold labels, and those whose words are the API's
LABELS: Final = ("labels", "matchLabels")
KEPT: Final = ("operator", "region")
QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Policies:
    """How policies are said anew."""

    words: Words
    addresses: Addresses
    selectors: Selectors

    def policy(self, of: Policy) -> Policy:
        """Return a policy in other words; where it stood in a file is forgotten."""
        return replace(
            of,
            namespace=of.namespace and self.words.word(of.namespace),
            name=self.words.word(of.name),
            subject=self._pods(of.subject),
            rules=tuple(map(self._rule, of.rules)),
            tier=self.words.word(of.tier),
            source=NOWHERE,
            written=None,
        )

    def block(self, of: IPBlock) -> IPBlock:
        """Return a block of addresses that stand for others."""
        return IPBlock(self.addresses.cidr(of.cidr), tuple(map(self.addresses.cidr, of.except_)))

    def _rule(self, of: Rule) -> Rule:
        return replace(
            of,
            ports=of.ports and tuple(map(self._port, of.ports)),
            peers=of.peers and tuple(map(self._peer, of.peers)),
            name=self.words.word(of.name),
            except_ports=tuple(map(self._port, of.except_ports)),
            subject=of.subject and tuple(map(self._peer, of.subject)),
            layer7=of.layer7 and self._layer7(of.layer7),
        )

    def _port(self, of: PolicyPort) -> PolicyPort:
        return replace(of, port=self.words.port(of.port)) if isinstance(of.port, str) else of

    def _peer(self, of: Peer) -> Peer:
        match of:
            case PodPeer():
                return self._pods(of)
            case BlockPeer():
                return replace(of, block=self.block(of.block))
            case DomainPeer():
                return replace(of, pattern=self.words.domain(of.pattern))
            case AllOf(parts=parts) | AnyOf(parts=parts):
                return replace(of, parts=tuple(map(self._peer, parts)))
            case Not(part=part):
                return replace(of, part=self._peer(part))
            case _:
                return self._other(of)

    def _other(self, of: NodePeer | ServicePeer | UnknownPeer | EntityPeer) -> Peer:
        match of:
            case NodePeer():
                return replace(of, nodes=self.selectors.said(of.nodes))
            case ServicePeer():
                return self._service(of)
            case UnknownPeer():
                return replace(of, what="", written=tuple(map(self._unknown, of.written)))
            case EntityPeer():
                return of

    def _pods(self, of: PodPeer) -> PodPeer:
        return replace(of, namespaces=self._said(of.namespaces), pods=self._said(of.pods))

    def _service(self, of: ServicePeer) -> ServicePeer:
        return replace(
            of,
            namespace=of.namespace and self.words.word(of.namespace),
            name=self.words.word(of.name),
            labels=self._said(of.labels),
        )

    def _said(self, of: Selector | None) -> Selector | None:
        return None if of is None else self.selectors.said(of)

    def _layer7(self, of: Layer7) -> Layer7:
        dns = tuple(replace(name, pattern=self.words.domain(name.pattern)) for name in of.dns)
        return Layer7(dns, tuple(QUOTED.sub(self._quoted, said) for said in of.http))

    def _quoted(self, found: re.Match[str]) -> str:
        return json.dumps(self.words.word(json.loads(found[0])))

    def _unknown(self, written: str) -> str:
        """What was written of a condition that stays open: as JSON, or as a word."""
        try:
            return json.dumps(self._anew(json.loads(written)))
        except ValueError:
            return self.words.word(written)

    def _anew(self, data: Any, field: str = "") -> Any:
        """What stands in a field of a selector, or of a group of a cloud, in other words."""
        match data:
            case str() if field == "key":
                return self.words.key_of_label(data)
            case str():
                return data if field in KEPT else self.words.word(data)
            case list():
                return [self._anew(each, field) for each in data]
            case dict() if field in LABELS:
                said = self.words.key_of_label
                return {said(key): self._anew(each) for key, each in data.items()}
            case dict():
                return {key: self._anew(each, key) for key, each in data.items()}
            case _:
                return data
