"""``--month 2026-11``, or ``--from`` and ``--to``: which days a command of the office is about."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from ..receiver.office.period import period_of


def with_period(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a period, and hand it that as ``period``."""

    @click.option("--month", help="help.period-month")
    @click.option("--from", "first", metavar="DAY", help="help.period-from")
    @click.option("--to", "last", metavar="DAY", help="help.period-to")
    @wraps(command)
    def asked(
        *arguments: Any, month: str | None, first: str | None, last: str | None, **named: Any
    ) -> None:
        command(*arguments, period=period_of(month, first, last), **named)

    return asked
