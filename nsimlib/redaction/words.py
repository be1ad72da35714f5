"""Words → other words: names, labels, ports, domain names; the same word always the same way.

A name is taken apart at its signs, and each part gets a pseudonym of its own, so that what belonged
together still looks it. Words that mean something to Kubernetes, to an enforcer or to a rule of the
audit stay as they are.
"""

import base64
import hmac
import re
from functools import lru_cache
from typing import Final, cast

from nsimlib.errors import RedactionError
from nsimlib.manifests.shipped import read_shipped

__all__ = ["Words"]

#: domains under which label keys have a meaning for everybody
KEYS: Final = ("k8s.io", "kubernetes.io", "cilium.io", "projectcalico.org", "openshift.io")
OWN_KEY: Final = "nsimlib.io"
#: before a key that is somebody's: whose label it is, in the selectors of Calico and Cilium
BORROWED: Final = ("pcns.", "pcsa.", "io.cilium.k8s.namespace.labels.")
#: before keys that Kubernetes and Cilium make themselves
MADE: Final = ("io.kubernetes.", "io.cilium.")
#: letters and digits of any script: what ASCII has besides is punctuation
PARTS: Final = re.compile(r"([A-Za-z0-9\u0080-\U0010ffff]+)")
STARRED: Final = re.compile(r"([^*]+)")
REGION: Final = re.compile(r"(us|eu|ap|sa|ca|me|af|il|cn)-[a-z]+-\d[a-z]?")
#: as long as a label's value, a name of a Service or a part of a domain name may be
LONGEST: Final = 63
#: as long as the name of a port may be
PORT: Final = 15


class Words:
    """The words that stand for others under one key; `legend` says what stands for what."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.legend: dict[str, str] = {}
        #: words that have a pseudonym of another form
        self.renamed: dict[str, str] = {}

    def word(self, text: str) -> str:
        """Return what stands for a name, or a label's value.

        >>> say = Words(b"example").word
        >>> say("default-deny-egress")
        'default-deny-egress'
        >>> say("web-egress") == say("web") + "-egress"
        True
        """
        if text in self.renamed:
            return self._noted(text, self.renamed[text])
        said = "".join(self._part(part) for part in PARTS.split(text))
        return self._noted(text, said if len(said) <= LONGEST else self._digest(text, 20))

    def key_of_label(self, key: str) -> str:
        """Return what stands for a label's key; Cilium's may have a source before it (F3.7)."""
        source, colon, bare = key.partition(":")
        if colon:
            return f"{source}:{self.key_of_label(bare)}"
        for before in BORROWED:
            if key.startswith(before):
                return before + self.key_of_label(key.removeprefix(before))
        domain, slash, name = key.rpartition("/")
        if not slash:
            return key if key.startswith(MADE) else self.word(key)
        if domain == OWN_KEY:
            return key
        if domain.endswith(tuple(f".{each}" for each in KEYS)) or domain in KEYS:
            # Users put names of their own there as well, such as those of the roles of nodes.
            return f"{domain}/{self.word(name)}"
        return f"{self.domain(domain)}/{self.word(name)}"

    def port(self, name: str) -> str:
        """Return what stands for the name of a port, which has at most 15 signs."""
        said = "".join(self._part(part) for part in PARTS.split(name))
        return self._noted(name, said if len(said) <= PORT else self._digest(name, 9))

    def domain(self, name: str) -> str:
        """Return what stands for a domain name, or a pattern of some, label by label."""
        return ".".join(map(self._label, name.split(".")))

    def _label(self, label: str) -> str:
        if "*" in label:
            return "".join(p if p.startswith("*") else self._label(p) for p in _starred(label))
        return label if REGION.fullmatch(label.lower()) else self.word(label.lower())

    def _part(self, part: str) -> str:
        if part.lower() in _common() or not PARTS.fullmatch(part):
            return part
        return self._digest(part, 8)

    def _digest(self, text: str, length: int) -> str:
        """Letters and digits that begin with a letter, as every name may."""
        digest = hmac.digest(self.key, text.encode(), "sha256")
        return "x" + base64.b32encode(digest).decode().lower()[: length - 1]

    def _noted(self, text: str, said: str) -> str:
        if self.legend.setdefault(said, text) != text:
            raise RedactionError(
                f"{text!r} and {self.legend[said]!r} get the same pseudonym: take another key"
            )
        return said


def _starred(label: str) -> list[str]:
    return [part for part in STARRED.split(label) if part]


@lru_cache
def _common() -> frozenset[str]:
    """Words that say nothing of whose cluster it is."""
    found = cast("dict[str, list[str]]", read_shipped("data", "common-words.yaml"))
    return frozenset(word for words in found.values() for word in words)
