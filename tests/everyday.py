"""Which of many like cases ``make test`` tries: ``make test-long`` tries them all."""

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(every: int, cases: Iterable[Any]) -> list[Any]:
    """All of ``cases``, to be parametrised with: one in ``every`` for each day, the rest long."""
    return [
        case if number % every == 0 else pytest.param(case, marks=pytest.mark.long)
        for number, case in enumerate(cases)
    ]
