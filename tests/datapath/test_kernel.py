"""The kernel takes what we print, and prints it again.

All of it in a user and network namespace of its own, as an ordinary user may.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import nsimlib as ns
from nsimlib.datapath.calico_settings import Denial, Settings
from nsimlib.datapath.chains import Datapath
from nsimlib.datapath.entry import datapath
from nsimlib.datapath.ipsets import IPSet
from nsimlib.datapath.nft import nft_parts
from nsimlib.datapath.parsing import parse, parse_sets
from nsimlib.datapath.ruleset import Ruleset
from nsimlib.datapath.saving import save_parts
from nsimlib.model.addresses import Family
from tests.conftest import missing, need
from tests.datapath.examples import PORTS_16, RDS, TIERS, calico, egress, many, node

PACKAGES = "apt-get install iptables ipset nftables"
COMMANDS = {Family.IPV4: "iptables", Family.IPV6: "ip6tables"}
EVERYTHING = (
    "{}, {ports: [{protocol: SCTP}, {port: sql}, {port: 80}]}, {to: [{namespaceSelector: {}}]}"
)
CASES = {
    "shop": lambda: datapath("calico", ns.scenario("shop"), "shop/checkout"),
    "rds": lambda: node(RDS),
    "except": lambda: node(
        egress("{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}]}")
    ),
    "ports": lambda: node(egress(f"{{ports: [{PORTS_16}]}}, {EVERYTHING}")),
    "reject": lambda: node(egress(""), Settings(denial=Denial.REJECT)),
    "tiers": lambda: node(TIERS),
    "groups": lambda: node(many(7)),
    "own kinds": lambda: node(
        calico(
            "types: [Egress], egress: [{action: Log, protocol: UDP}, {action: Deny, protocol: 47},"
            " {action: Allow, protocol: ICMP, icmp: {type: 8}}, {action: Allow, notProtocol: UDP},"
            " {action: Pass, destination: {nets: [10.0.0.0/8, 0.0.0.0/0], notNets: [10.1.0.0/16]}},"
            " {action: Allow, protocol: TCP, destination: {notPorts: [80, '8000:8999'],"
            " notSelector: app == 'db'}}]"
        )
    ),
}


@pytest.fixture(scope="module")
def unshare() -> str:
    """The program that makes the namespaces, tried once."""
    for tool in ("iptables-restore", "ipset", "nft"):
        need(tool, PACKAGES)
    program = need("unshare", "apt-get install util-linux")
    tried = subprocess.run([program, "-Urn", "nft", "list", "ruleset"], capture_output=True)
    if tried.returncode:
        missing("user namespace", tried.stderr.decode().strip() or "the system refuses it")
    return program


def in_namespace(unshare: str, script: Iterable[str], folder: Path) -> str:
    """What a shell script prints in a new namespace."""
    file = folder / "script"
    file.write_text("\n".join(("set -e", *script)), encoding="utf-8")
    done = subprocess.run(
        [unshare, "-Urn", "sh", str(file)], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def written(parts: Iterable[str], name: str, folder: Path) -> Iterator[Path]:
    for number, part in enumerate(parts):
        path = folder / f"{name}-{number}"
        path.write_text(part, encoding="utf-8")
        yield path


def restored(found: Datapath, family: Family, folder: Path) -> Iterator[str]:
    """The commands that load sets and rules, in parts that an ordinary user may load."""
    (sets,) = written([found.save_sets(family)], "sets", folder)
    yield f"ipset restore < {sets}"
    command = COMMANDS[family]
    for part in written(save_parts(found.ruleset(family)), "rules", folder):
        yield f"{command}-restore --noflush < {part}"


def bare(sets: Iterable[IPSet]) -> list[IPSet]:
    """Sets without what the kernel adds, with their members in order."""
    ordered = (
        replace(each, options="", entries=tuple(sorted(each.entries, key=str))) for each in sets
    )
    return sorted(ordered, key=lambda each: each.name)


def tables(ruleset: Ruleset) -> object:
    """What a ruleset says, without the lines of comment around it."""
    return [(table.name, table.chains) for table in ruleset.tables]


@pytest.mark.parametrize("family", Family, ids=lambda family: family.name)
@pytest.mark.parametrize("case", CASES)
def test_iptables_and_ipset_take_it_and_print_it_again(
    unshare: str, case: str, family: Family, tmp_path: Path
) -> None:
    found = CASES[case]()
    script = (
        *restored(found, family, tmp_path),
        f"{COMMANDS[family]}-save",
        "echo ====",
        "ipset save",
    )
    rules, _, sets = in_namespace(unshare, script, tmp_path).partition("====\n")
    assert tables(parse(rules, family)) == tables(found.ruleset(family))
    assert bare(parse_sets(sets)) == bare(found.sets(family))


@pytest.mark.parametrize("family", Family, ids=lambda family: family.name)
@pytest.mark.parametrize("case", CASES)
def test_nft_takes_it_and_prints_it_again(
    unshare: str, case: str, family: Family, tmp_path: Path
) -> None:
    found = CASES[case]()
    (whole,) = written([found.nft(family)], "nft", tmp_path)
    printed = in_namespace(unshare, [f"nft -f {whole}", "nft -s list ruleset"], tmp_path)
    assert blocks(printed) == blocks(found.nft(family))


def blocks(text: str) -> dict[str, list[str]]:
    """Sets and chains by name; the order and the lines of a set's members say nothing."""
    found = re.findall(r"((?:set|chain) \S+) \{(.*?)\n\t\}", text, re.DOTALL)
    return {
        head: sorted(re.split(r"[,\s]+", body)) if head.startswith("set") else body.split("\n")
        for head, body in found
    }


def test_large_rulesets_load_in_parts(unshare: str, tmp_path: Path) -> None:
    """The whole is more than a user without privileges may send at once."""
    found = node(many(300))
    printed = in_namespace(
        unshare, (*restored(found, Family.IPV4, tmp_path), "iptables-save"), tmp_path
    )
    assert tables(parse(printed)) == tables(found.ruleset())
    parts = written(nft_parts(found.ruleset(), found.sets()), "nft", tmp_path)
    script = (*(f"nft -f {part}" for part in parts), "nft -s list table ip calico")
    assert blocks(in_namespace(unshare, script, tmp_path)) == blocks(found.nft())
