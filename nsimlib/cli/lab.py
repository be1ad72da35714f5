"""Real packets: `nsim lab check`, `nsim lab run`, `nsim lab scene`."""

import sys
from pathlib import Path

import click

from nsimlib.cli.commands import echo, lenient_option, load_input, main, paths_argument
from nsimlib.cni.choosing import AUTO
from nsimlib.cni.profile import profile_names
from nsimlib.lessons.recording import record
from nsimlib.packets.checking import check
from nsimlib.packets.lab import ENGINES, Lab
from nsimlib.packets.scenes.playing import lab_scene, lab_scene_names


@main.group("lab")
def lab_group() -> None:
    """Send real packets between network namespaces, with the policies in the real kernel."""


@lab_group.command("check")
def check_command() -> None:
    """Say what this machine allows of the lab, and how to allow the rest.

    Exits with 0 if the lab runs here, 1 if not.
    """
    report = check()
    echo(str(report))
    sys.exit(0 if report else 1)


@lab_group.command("run")
@paths_argument
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=next(iter(ENGINES)),
    show_default=True,
    help="Whose rules the kernel is given.",
)
@click.option(
    "--cni",
    type=click.Choice((*profile_names(), AUTO)),
    help="The profile that the model is asked under; by default the one that suits the engine.",
)
@click.option("--port", "ports", multiple=True, help="Only these ports, such as 5432/TCP.")
@lenient_option
def run_command(
    paths: tuple[str, ...], engine: str, cni: str | None, ports: tuple[str, ...], lenient: bool
) -> None:
    """Hold the kernel's verdict against the model's, for all pairs of the manifests at PATHS.

    Without --port, at the edges of all ports that rules name. Exits with 0 if nothing differs, 1 if
    something does.
    """
    with Lab(load_input(paths, lenient), engine, cni or "") as lab:
        found = lab.verify(ports=ports or None)
    echo(str(found))
    sys.exit(0 if found else 1)


@lab_group.command("record")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def record_command(folder: Path) -> None:
    """Record anew in FOLDER what is shown where no lab runs; in a clone that is data/recorded."""
    for path in record(folder):
        echo(str(path))


@lab_group.command("scene")
@click.argument("name", required=False)
@click.option("--times", is_flag=True, help="Also what a clock measured on this machine.")
def scene_command(name: str | None, times: bool) -> None:
    """Play the scene NAME with real packets, and print what happened; without NAME, list all.

    Exits with 0 if it was played, 1 if it is a recording.
    """
    if name is None:
        echo("\n".join(lab_scene_names()))
        return
    found = lab_scene(name)
    echo(str(found))
    if times:
        echo(f"\n{found.measured}")
    sys.exit(1 if found.banner else 0)
