"""Names: `nsim dns`."""

import sys

import click

from nsimlib.cli.commands import (
    echo,
    lenient_option,
    load_input,
    main,
    paths_argument,
    reading_option,
)
from nsimlib.dns.path import dns_path
from nsimlib.dns.resolvconf import Libc


@main.command("dns")
@paths_argument
@click.argument("pod")
@click.argument("name")
@reading_option
@click.option(
    "--libc",
    type=click.Choice([each.value for each in Libc]),
    default=Libc.GLIBC.value,
    show_default=True,
    help="The C library of the pod's image.",
)
@lenient_option
def dns_command(
    paths: tuple[str, ...], pod: str, name: str, cni: str, libc: str, lenient: bool
) -> None:
    """Follow the question of POD for the domain NAME, leg by leg under policy.

    Says which policy cuts the way, if one does, and how long the application waits. Exits with 0 if
    the name is found, 1 if not.
    """
    found = dns_path(load_input(paths, lenient), pod, name, cni=cni, libc=libc)
    echo(str(found))
    sys.exit(0 if found.lookup.error is None else 1)
