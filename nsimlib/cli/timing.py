"""Names over time: `nsim play`, `nsim drift`, `nsim reconcile`."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from nsimlib.cli.commands import (
    echo,
    lenient_option,
    load_input,
    main,
    paths_argument,
    reading_option,
    say_what_is_chosen,
)
from nsimlib.cni.profile import profile_names
from nsimlib.dns.controller import Controller, Target
from nsimlib.dns.cures import cures
from nsimlib.dns.drift import drift
from nsimlib.dns.live import LiveResolver, follow
from nsimlib.dns.plays import play, play_names
from nsimlib.dns.recordings import read_answers
from nsimlib.dns.truth import recorded
from nsimlib.errors import SettingError

#: a controller that never waits would ask without end
MORE_THAN_0 = click.FloatRange(min=0, min_open=True)
nameserver_option = click.option(
    "--nameserver", default="", help="The address to ask, as 192.0.2.53 or 192.0.2.53:5353."
)


@main.command("play")
@click.argument("name", type=click.Choice(play_names()))
@click.option("--cni", default="calico", show_default=True, type=click.Choice(profile_names()))
@click.option("--policies", default="", help="Which of the scene's policies are in force.")
@click.option("--set", "settings", multiple=True, help="A setting: jvm_ttl=60, interval=10s.")
@click.option("--applications", default=1, type=click.IntRange(min=1), show_default=True)
@click.option("--seed", default=0, show_default=True, help="Draws when each application begins.")
@click.option("--at", type=float, help="Show what is so at a second, instead of what happened.")
@click.option("--cures", "cured", is_flag=True, help="Show what each change would have made of it.")
def play_command(
    name: str,
    cni: str,
    policies: str,
    settings: tuple[str, ...],
    applications: int,
    seed: int,
    at: float | None,
    cured: bool,
) -> None:
    """Play the scene NAME: who fails when, and why; for how long policy is behind.

    Exits with 0 if nothing failed, 1 if something did.
    """
    said = dict(_setting(each) for each in settings)
    if taken := {"applications", "cni", "name", "policies", "seed"} & said.keys():
        raise click.UsageError(f"{min(taken)} is not a setting here: it is said without --set")
    said |= {"applications": applications, "seed": seed}
    if cured:
        echo(str(cures(name, cni=cni, policies=policies, **said)))
        return
    timeline = play(name, cni=cni, policies=policies, **said)
    echo(str(timeline) if at is None else str(timeline.at(at).to_table()))
    sys.exit(1 if timeline.outages else 0)


def _setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    words = {"true": True, "false": False}
    return name, words.get(value, int(value) if value.lstrip("-").isdigit() else value)


@main.command("drift")
@paths_argument
@reading_option
@lenient_option
@click.option("--answers", "files", multiple=True, type=Path, help="What `dig` said, with times.")
@click.option("--ask", "names", multiple=True, metavar="NAME", help="Ask for a name now.")
@nameserver_option
@click.option("--recent", default=0.0, help="Seconds for which older answers count as current.")
def drift_command(
    paths: tuple[str, ...],
    cni: str,
    lenient: bool,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    nameserver: str,
    recent: float,
) -> None:
    """Hold the CIDRs of policies against what DNS says: recorded before, asked now, or both.

    A recording is what `dig +noall +answer NAME` printed, each time below a line such as
    "; 2026-03-01T08:00:00Z". Exits with 0 if policies and answers agree, 1 if not.
    """
    if not files and not names:
        raise click.UsageError("nothing to compare with: give --answers FILE or --ask NAME")
    cluster = load_input(paths, lenient)
    say_what_is_chosen(cluster, cni)
    answers = [answer for file in files for answer in read_answers(file)]
    if names:
        answers += recorded(_resolver(nameserver), names, [time.time()])
    found = drift(cluster, answers, cni=cni, recent=recent)
    echo(str(found))
    sys.exit(1 if found.missed or found.stale else 0)


@main.command("reconcile")
@click.argument("file", type=Path)
@click.option("--name", "names", multiple=True, required=True, help="A domain name to follow.")
@click.option("--app", "labels", multiple=True, required=True, help="A label of pods: key=value.")
@click.option("--port", required=True, help="As 5432/TCP.")
@click.option("--namespace", default="default", show_default=True)
@click.option(
    "--interval",
    default=30.0,
    type=MORE_THAN_0,
    show_default=True,
    help="Seconds between look-ups.",
)
@click.option("--grace", default=60.0, show_default=True, help="Seconds an old address stays.")
@click.option("--rounds", type=int, help="How often to look; for ever by default.")
@nameserver_option
def reconcile_command(
    file: Path,
    names: tuple[str, ...],
    labels: tuple[str, ...],
    port: str,
    namespace: str,
    interval: float,
    grace: float,
    rounds: int | None,
    nameserver: str,
) -> None:
    """Keep a NetworkPolicy in FILE that allows the addresses that names have, and had just now.

    The file is written when it changes, and never in part; the policy is called like the file.
    Its pods may reach nothing else by it: DNS needs a rule of its own. Apply it where the pods are.
    """
    app = dict(label.partition("=")[::2] for label in labels)
    target = Target.of(f"{namespace}/{file.stem}", app, names, port, grace)
    controller = Controller(target, interval)
    last = None
    for done in follow(controller, file, _resolver(nameserver), rounds=rounds):
        if done.seen.keys() != last:
            last = done.seen.keys()
            echo(f"{file}: {', '.join(map(str, sorted(last))) or 'no address yet'}")


def _resolver(nameserver: str) -> LiveResolver:
    address, colon, port = nameserver.rpartition(":")
    # An IPv6 address has colons of its own; a port behind one comes with brackets.
    if not colon or (":" in address and not address.startswith("[")):
        return LiveResolver(nameserver)
    if not port.isdecimal():
        raise SettingError("nameserver", nameserver, "an address, or an address and a port")
    return LiveResolver(address.strip("[]"), port=int(port))
