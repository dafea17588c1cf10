"""``edge-agent receive key``: the key by which payroll signs what it says."""

from pathlib import Path

import click

from ..contract.signatures import SigningKey
from ..receiver.signing_key import new_signing_key, read_signing_key
from .help import group
from .options import FilePath

_file = click.argument("file", type=FilePath(path_type=Path))


@group(help="help.key")
def key() -> None:
    """The key by which payroll signs receipts, commands and rosters (--signing-key)."""


@key.command(help="help.key-new")
@_file
def new(file: Path) -> None:
    """Make a key in the new FILE, and show the line for the gates' settings."""
    _show(new_signing_key(file))


@key.command(help="help.key-show")
@_file
def show(file: Path) -> None:
    """Show the line for the gates' settings, section [payroll], of the key in FILE."""
    _show(read_signing_key(file))


def _show(made: SigningKey) -> None:
    click.echo(f'public_key = "{made.public}"')
