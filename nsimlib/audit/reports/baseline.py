"""An audit as a baseline: all that is found now, accepted, so that only what is new is told."""

from io import StringIO

from ruamel.yaml import YAML

from nsimlib.audit.accepted import Acceptance
from nsimlib.audit.run import Audit

__all__ = ["baseline"]


def baseline(audit: Audit, by: Acceptance) -> str:
    """Return the findings of an audit, and those accepted before, as a file to accept them."""
    told = {"reason": by.reason, "owner": by.owner, "until": by.until}
    new = [
        {
            "fingerprint": each.fingerprint,
            "rule": each.id,
            "object": each.place.object,
            **{name: value for name, value in told.items() if value},
        }
        for each in audit.findings
    ]
    kept = [
        {
            "fingerprint": each.finding.fingerprint,
            "rule": each.finding.id,
            "object": each.finding.place.object,
            "reason": each.by.reason,
            **({"owner": each.by.owner} if each.by.owner else {}),
            **({"until": each.by.until} if each.by.until else {}),
        }
        for each in audit.accepted
        if each.by.fingerprint
    ]
    text = StringIO()
    found = sorted((*kept, *new), key=lambda each: (each["object"], each["rule"]))
    YAML().dump({"apiVersion": "nsimlib.io/v1", "kind": "Baseline", "findings": found}, text)
    return text.getvalue()
