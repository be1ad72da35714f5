"""nsimlib: understand, teach and audit Kubernetes egress policies.

The package is read in the order in which the data goes through it; each stage imports only from
those above it::

    errors        what can go wrong, as one tree
    model         what is said: labels, addresses, ports, policies, who exists, a connection
    manifests     YAML and JSON to the model, with the API server's defaults and its words
    redaction     a cluster to show to others: pseudonyms, and the same verdicts
    cni           who enforces: a profile settles what the Kubernetes text leaves open
    evaluation    one connection, explained; all connections, at once
    explanation   a verdict's reasons as a tree; facts by number
    dns           names and time: zones, resolvers, caches, and policies that follow names
    patterns      egress policies toward databases: written, explained, tried
    datapath      what enforcers write into the kernel, printed and walked
    audit         what is wrong or weak, with evidence, and fixes that were tried
    packets       real packets in the kernel, beside the verdict
    views         to see: text, HTML, pictures
    widgets       to move: controls and a view
    lessons       to learn: scenarios, predictions, exercises
    cli           the same on the command line
"""

from typing import TYPE_CHECKING

# Their packages have their names, so that whoever imports from these must find the functions bound.
from nsimlib.audit.entry import audit
from nsimlib.datapath.entry import datapath

if TYPE_CHECKING:
    from nsimlib.cni.choosing import guess
    from nsimlib.cni.features import profile_table
    from nsimlib.cni.profile import profile_names
    from nsimlib.datapath.blame import which_policy_dropped
    from nsimlib.datapath.cilium_map import policy_map
    from nsimlib.datapath.counting import lines_met
    from nsimlib.dns.chase import chase, chase_table
    from nsimlib.dns.controller import (
        Controller,
        Reconciled,
        Target,
        reconcile,
        window_table,
        windows,
    )
    from nsimlib.dns.cures import cures
    from nsimlib.dns.drift import drift
    from nsimlib.dns.layout import layout_of
    from nsimlib.dns.live import LiveResolver, follow
    from nsimlib.dns.path import dns_path
    from nsimlib.dns.plays import play, play_names, scene
    from nsimlib.dns.recordings import read_answers
    from nsimlib.dns.resolver import look_up
    from nsimlib.dns.resolvers import resolver_table
    from nsimlib.dns.zone_files import read_zones, shipped_zones
    from nsimlib.errors import (
        ConnectionSyntaxError,
        ExpectationsNotMet,
        ManifestError,
        NsimError,
        UnintendedChange,
        UnknownName,
    )
    from nsimlib.evaluation.board import exposure_board
    from nsimlib.evaluation.collateral import assert_only
    from nsimlib.evaluation.combination import Outcome
    from nsimlib.evaluation.compare import compare, matrices
    from nsimlib.evaluation.coverage import coverage
    from nsimlib.evaluation.difference import difference
    from nsimlib.evaluation.engine import why
    from nsimlib.evaluation.expectations import expect
    from nsimlib.evaluation.hosts import host_reach
    from nsimlib.evaluation.isolation import isolation, policy_table
    from nsimlib.evaluation.layers import packet_layers
    from nsimlib.evaluation.reachability import reachability
    from nsimlib.evaluation.two_doors import two_doors
    from nsimlib.explanation.facts import fact
    from nsimlib.explanation.reasons import explain
    from nsimlib.lessons.below import below_the_api
    from nsimlib.lessons.certificate import certificate, reset
    from nsimlib.lessons.certificate import progress_table as progress
    from nsimlib.lessons.environment import environment
    from nsimlib.lessons.exercises import exercise
    from nsimlib.lessons.inquiry import inquiry, load_answers, load_input
    from nsimlib.lessons.invented_chain import beside_the_true_lines, invented_chain
    from nsimlib.lessons.positions import positions
    from nsimlib.lessons.predictions import predict, settle
    from nsimlib.lessons.repairs import policy_for
    from nsimlib.lessons.scenarios import policy_files, scenario
    from nsimlib.lessons.syllabus import curriculum, lesson, track
    from nsimlib.manifests import load, loads
    from nsimlib.model.cluster import Cluster
    from nsimlib.model.connection import Connection
    from nsimlib.model.domains import pattern_table
    from nsimlib.packets.checking import check as lab_check
    from nsimlib.packets.lab import Lab
    from nsimlib.packets.proof import capture, verify
    from nsimlib.packets.scenes.playing import lab_scene, lab_scene_names
    from nsimlib.patterns.article import article_names, article_version
    from nsimlib.patterns.database_files import pattern_names, read_database
    from nsimlib.patterns.pattern import dialect_names, pattern
    from nsimlib.redaction.redact import Redacted, redact
    from nsimlib.views.audit_page import audit_page
    from nsimlib.views.matched import matched_pods
    from nsimlib.views.overview import overview
    from nsimlib.views.picture import picture
    from nsimlib.views.timeline import lanes
    from nsimlib.widgets.chase_dials import ChaseDials
    from nsimlib.widgets.connection_tester import ConnectionTester
    from nsimlib.widgets.dash_toggle import DashToggle
    from nsimlib.widgets.dns_path_picker import DnsPathPicker
    from nsimlib.widgets.door_switch import DoorSwitch
    from nsimlib.widgets.exposure_board import ExposureBoard
    from nsimlib.widgets.findings_browser import FindingsBrowser
    from nsimlib.widgets.layer_slider import LayerSlider
    from nsimlib.widgets.map import Map
    from nsimlib.widgets.packet_stepper import PacketStepper
    from nsimlib.widgets.pattern_tester import PatternTester
    from nsimlib.widgets.play_scrubber import PlayScrubber
    from nsimlib.widgets.policy_editor import PolicyEditor
    from nsimlib.widgets.policy_switch import PolicySwitch
    from nsimlib.widgets.prefix_slider import PrefixSlider
    from nsimlib.widgets.renderings import Renderings
else:

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for, and keep it."""
        from importlib import import_module

        for module, names in PLACES.items():
            for each in names.split():
                public, _, called = each.partition(":")
                if public == name:
                    found = getattr(import_module(f"nsimlib.{module}"), called or name)
                    return globals().setdefault(name, found)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


#: which names a module gives; one that is called otherwise here has its own name behind a colon
PLACES = {
    "cni.choosing": "guess",
    "cni.features": "profile_table",
    "cni.profile": "profile_names",
    "datapath.blame": "which_policy_dropped",
    "datapath.cilium_map": "policy_map",
    "datapath.counting": "lines_met",
    "dns.chase": "chase chase_table",
    "dns.controller": "Controller Reconciled Target reconcile window_table windows",
    "dns.cures": "cures",
    "dns.drift": "drift",
    "dns.layout": "layout_of",
    "dns.live": "LiveResolver follow",
    "dns.path": "dns_path",
    "dns.plays": "play play_names scene",
    "dns.recordings": "read_answers",
    "dns.resolver": "look_up",
    "dns.resolvers": "resolver_table",
    "dns.zone_files": "read_zones shipped_zones",
    "errors": (
        "ConnectionSyntaxError ExpectationsNotMet ManifestError NsimError "
        "UnintendedChange UnknownName"
    ),
    "evaluation.board": "exposure_board",
    "evaluation.collateral": "assert_only",
    "evaluation.combination": "Outcome",
    "evaluation.compare": "compare matrices",
    "evaluation.coverage": "coverage",
    "evaluation.difference": "difference",
    "evaluation.engine": "why",
    "evaluation.expectations": "expect",
    "evaluation.hosts": "host_reach",
    "evaluation.isolation": "isolation policy_table",
    "evaluation.layers": "packet_layers",
    "evaluation.reachability": "reachability",
    "evaluation.two_doors": "two_doors",
    "explanation.facts": "fact",
    "explanation.reasons": "explain",
    "lessons.below": "below_the_api",
    "lessons.certificate": "certificate progress:progress_table reset",
    "lessons.environment": "environment",
    "lessons.exercises": "exercise",
    "lessons.inquiry": "inquiry load_answers load_input",
    "lessons.invented_chain": "beside_the_true_lines invented_chain",
    "lessons.positions": "positions",
    "lessons.predictions": "predict settle",
    "lessons.repairs": "policy_for",
    "lessons.scenarios": "policy_files scenario",
    "lessons.syllabus": "curriculum lesson track",
    "manifests": "load loads",
    "model.cluster": "Cluster",
    "model.connection": "Connection",
    "model.domains": "pattern_table",
    "packets.checking": "lab_check:check",
    "packets.lab": "Lab",
    "packets.proof": "capture verify",
    "packets.scenes.playing": "lab_scene lab_scene_names",
    "patterns.article": "article_names article_version",
    "patterns.database_files": "pattern_names read_database",
    "patterns.pattern": "dialect_names pattern",
    "redaction.redact": "Redacted redact",
    "views.audit_page": "audit_page",
    "views.matched": "matched_pods",
    "views.overview": "overview",
    "views.picture": "picture",
    "views.timeline": "lanes",
    "widgets.chase_dials": "ChaseDials",
    "widgets.connection_tester": "ConnectionTester",
    "widgets.dash_toggle": "DashToggle",
    "widgets.dns_path_picker": "DnsPathPicker",
    "widgets.door_switch": "DoorSwitch",
    "widgets.exposure_board": "ExposureBoard",
    "widgets.findings_browser": "FindingsBrowser",
    "widgets.layer_slider": "LayerSlider",
    "widgets.map": "Map",
    "widgets.packet_stepper": "PacketStepper",
    "widgets.pattern_tester": "PatternTester",
    "widgets.play_scrubber": "PlayScrubber",
    "widgets.policy_editor": "PolicyEditor",
    "widgets.policy_switch": "PolicySwitch",
    "widgets.prefix_slider": "PrefixSlider",
    "widgets.renderings": "Renderings",
}

__all__ = [
    "ChaseDials",
    "Cluster",
    "Connection",
    "ConnectionSyntaxError",
    "ConnectionTester",
    "Controller",
    "DashToggle",
    "DnsPathPicker",
    "DoorSwitch",
    "ExpectationsNotMet",
    "ExposureBoard",
    "FindingsBrowser",
    "Lab",
    "LayerSlider",
    "LiveResolver",
    "ManifestError",
    "Map",
    "NsimError",
    "Outcome",
    "PacketStepper",
    "PatternTester",
    "PlayScrubber",
    "PolicyEditor",
    "PolicySwitch",
    "PrefixSlider",
    "Reconciled",
    "Redacted",
    "Renderings",
    "Target",
    "UnintendedChange",
    "UnknownName",
    "article_names",
    "article_version",
    "assert_only",
    "audit",
    "audit_page",
    "below_the_api",
    "beside_the_true_lines",
    "capture",
    "certificate",
    "chase",
    "chase_table",
    "compare",
    "coverage",
    "cures",
    "curriculum",
    "datapath",
    "dialect_names",
    "difference",
    "dns_path",
    "drift",
    "environment",
    "exercise",
    "expect",
    "explain",
    "exposure_board",
    "fact",
    "follow",
    "guess",
    "host_reach",
    "inquiry",
    "invented_chain",
    "isolation",
    "lab_check",
    "lab_scene",
    "lab_scene_names",
    "lanes",
    "layout_of",
    "lesson",
    "lines_met",
    "load",
    "load_answers",
    "load_input",
    "loads",
    "look_up",
    "matched_pods",
    "matrices",
    "overview",
    "packet_layers",
    "pattern",
    "pattern_names",
    "pattern_table",
    "picture",
    "play",
    "play_names",
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
    "read_answers",
    "read_database",
    "read_zones",
    "reconcile",
    "redact",
    "reset",
    "resolver_table",
    "scenario",
    "scene",
    "settle",
    "shipped_zones",
    "track",
    "two_doors",
    "verify",
    "which_policy_dropped",
    "why",
    "window_table",
    "windows",
]


def __dir__() -> list[str]:
    return __all__
