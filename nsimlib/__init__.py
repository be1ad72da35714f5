"""nsimlib: understand, teach and audit Kubernetes egress policies.

The package is read in the order in which the data goes through it; each stage imports only from
those above it::

    errors        what can go wrong, as one tree
    model         what is said: labels, addresses, ports, policies, who exists, a connection
    manifests     YAML and JSON to the model, with the API server's defaults and its words
    cni           who enforces: a profile settles what the Kubernetes text leaves open
    evaluation    one connection, explained; all connections, at once
    explanation   a verdict's reasons as a tree; facts by number
    dns           names and time: zones, resolvers, caches, and policies that follow names
    patterns      egress policies toward databases: written, explained, tried
    datapath      what enforcers write into the kernel, printed and walked
    packets       real packets in the kernel, beside the verdict
    views         to see: text, HTML, pictures
    widgets       to move: controls and a view
    lessons       to learn: scenarios, predictions, exercises
    cli           the same on the command line
"""

from typing import TYPE_CHECKING

from nsimlib.cni.choosing import guess
from nsimlib.cni.features import profile_table
from nsimlib.cni.profile import profile_names
from nsimlib.datapath import datapath, lines_met, policy_map, which_policy_dropped
from nsimlib.errors import (
    ConnectionSyntaxError,
    ExpectationsNotMet,
    ManifestError,
    NsimError,
    UnintendedChange,
    UnknownName,
)
from nsimlib.evaluation.collateral import assert_only
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.compare import compare, matrices
from nsimlib.evaluation.coverage import coverage
from nsimlib.evaluation.difference import difference
from nsimlib.evaluation.engine import why
from nsimlib.evaluation.expectations import expect
from nsimlib.evaluation.isolation import isolation, policy_table
from nsimlib.evaluation.reachability import reachability
from nsimlib.explanation.facts import fact
from nsimlib.explanation.reasons import explain
from nsimlib.lessons.below import below_the_api
from nsimlib.lessons.certificate import certificate, reset
from nsimlib.lessons.certificate import progress_table as progress
from nsimlib.lessons.environment import environment
from nsimlib.lessons.exercises import exercise
from nsimlib.lessons.inquiry import inquiry, load_input
from nsimlib.lessons.invented_chain import beside_the_true_lines, invented_chain
from nsimlib.lessons.positions import positions
from nsimlib.lessons.predictions import predict, settle
from nsimlib.lessons.repairs import policy_for
from nsimlib.lessons.scenarios import policy_files, scenario
from nsimlib.lessons.syllabus import lesson, lessons, track
from nsimlib.manifests import load, loads
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.views.overview import overview
from nsimlib.views.picture import picture

if TYPE_CHECKING:
    from nsimlib.dns.layout import layout_of
    from nsimlib.dns.path import dns_path
    from nsimlib.dns.resolver import look_up
    from nsimlib.dns.zone_files import read_zones, shipped_zones
    from nsimlib.packets.checking import check as lab_check
    from nsimlib.packets.lab import Lab
    from nsimlib.packets.proof import verify
    from nsimlib.patterns.article import article_names, article_version
    from nsimlib.patterns.database_files import pattern_names, read_database
    from nsimlib.patterns.pattern import dialect_names, pattern
    from nsimlib.widgets.connection_tester import ConnectionTester
    from nsimlib.widgets.map import Map
    from nsimlib.widgets.packet_stepper import PacketStepper
    from nsimlib.widgets.policy_switch import PolicySwitch
else:

    def __getattr__(name: str) -> object:
        """Import what only some need when it is first asked for."""
        from importlib import import_module

        if name not in LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, called = LATE[name].partition(":")
        return getattr(import_module(module), called or name)


#: imported when they are asked for: a script needs no ipywidgets
LATE = {
    "Lab": "nsimlib.packets.lab",
    "article_names": "nsimlib.patterns.article",
    "article_version": "nsimlib.patterns.article",
    "dialect_names": "nsimlib.patterns.pattern",
    "lab_check": "nsimlib.packets.checking:check",
    "pattern": "nsimlib.patterns.pattern",
    "pattern_names": "nsimlib.patterns.database_files",
    "read_database": "nsimlib.patterns.database_files",
    "verify": "nsimlib.packets.proof",
    "ConnectionTester": "nsimlib.widgets.connection_tester",
    "Map": "nsimlib.widgets.map",
    "PacketStepper": "nsimlib.widgets.packet_stepper",
    "PolicySwitch": "nsimlib.widgets.policy_switch",
    "dns_path": "nsimlib.dns.path",
    "layout_of": "nsimlib.dns.layout",
    "look_up": "nsimlib.dns.resolver",
    "read_zones": "nsimlib.dns.zone_files",
    "shipped_zones": "nsimlib.dns.zone_files",
}

__all__ = [
    "Cluster",
    "Connection",
    "ConnectionSyntaxError",
    "ConnectionTester",
    "ExpectationsNotMet",
    "Lab",
    "ManifestError",
    "Map",
    "NsimError",
    "Outcome",
    "PacketStepper",
    "PolicySwitch",
    "UnintendedChange",
    "UnknownName",
    "article_names",
    "article_version",
    "assert_only",
    "below_the_api",
    "beside_the_true_lines",
    "certificate",
    "compare",
    "coverage",
    "datapath",
    "dialect_names",
    "difference",
    "dns_path",
    "environment",
    "exercise",
    "expect",
    "explain",
    "fact",
    "guess",
    "inquiry",
    "invented_chain",
    "isolation",
    "lab_check",
    "layout_of",
    "lesson",
    "lessons",
    "lines_met",
    "load",
    "load_input",
    "loads",
    "look_up",
    "matrices",
    "overview",
    "pattern",
    "pattern_names",
    "picture",
    "policy_files",
    "policy_for",
    "policy_map",
    "policy_table",
    "positions",
    "predict",
    "profile_names",
    "profile_table",
    "progress",
    "reachability",
    "read_database",
    "read_zones",
    "reset",
    "scenario",
    "settle",
    "shipped_zones",
    "track",
    "verify",
    "which_policy_dropped",
    "why",
]


def __dir__() -> list[str]:
    return __all__
