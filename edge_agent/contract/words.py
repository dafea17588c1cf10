"""What the schemas say of a field beyond its type. A word means the same thing in every message."""

from typing import Any

from ..domain.roster import MOST_WORKERS

Words = dict[str, dict[str, dict[str, Any]]]

_EXACT = 2**53 - 1
"""RFC 8259, 6: larger integers are not exact in every reader."""

_SEQ = {"integer": {"minimum": 1, "maximum": _EXACT}}
_COUNT = {"integer": {"minimum": 0, "maximum": _EXACT}}
_HASH = {"string": {"pattern": "^[0-9a-f]{64}$"}}
_TIME = {
    "string": {
        "format": "date-time",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
    }
}
_DAY = {"string": {"format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"}}
_CODE = {"string": {"minLength": 1, "maxLength": 32}}

WORDS: Words = {
    **dict.fromkeys(("seq", "of", "through", "from", "to"), _SEQ),
    **dict.fromkeys(
        (
            *("suppressed", "rejected_count", "rejected", "uncertainty_ms", "boottime_ms"),
            *("last_seq", "confirmed_seq", "prints", "capacity", "disk_free_bytes"),
            *("slot", "generation", "score", "offset_ms", "times"),
            *("refused_receipts", "refused_commands"),
        ),
        _COUNT,
    ),
    "step_ms": {"integer": {"minimum": -_EXACT, "maximum": _EXACT}},
    **dict.fromkeys(("hash", "prevhash"), _HASH),
    **dict.fromkeys(
        (
            *("at", "time", "wall", "not_before", "not_after", "before", "after"),
            *("started_at", "complete_until", "expires"),
        ),
        _TIME,
    ),
    **dict.fromkeys(("valid_from", "valid_to"), _DAY),
    **dict.fromkeys(("worker", "subject", "code"), _CODE),
    "name": {"string": {"minLength": 1, "maxLength": 100}},
    "version": _SEQ,
    **dict.fromkeys(("count", "added", "changed", "in_force"), _COUNT),
    "workers": {"array": {"minItems": 1, "maxItems": MOST_WORKERS}, **_COUNT},
    "ledger": {"string": {"pattern": "^[0-9A-Za-z_-]{1,64}$"}},
    "specversion": {"string": {"const": "1.0"}},
    "datacontenttype": {"string": {"const": "application/json"}},
    "gate": {"string": {"pattern": "^[a-z0-9-]{1,32}$"}},
}
"""Field → JSON type → what holds besides. ``rejected`` is a number in the status only."""
