"""Findings: what is wrong or weak in a cluster's policies, each with evidence and a tried fix.

Read in this order: `registry` is what a rule is, `model` what it yields, `findings` what becomes of
that; `rules/` holds all rules, one function each, and `context` is what they ask. `run` asks them
all, `roots` puts what follows under what caused it, and `entry` is the door. `patches` are fixes as
data, `documents` the texts they change, `trials` what then becomes of findings and connections.
"""

from nsimlib.audit.entry import audit

__all__ = ["audit"]
