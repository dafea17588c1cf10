"""JSON as only somebody hostile sends it, made from what is sound; a seed gives the same again."""

import json
from random import Random
from typing import Any

_NUMBERS = [
    sign * base + more
    for base in (0, 2**31, 2**53, 2**63, 2**64, 10**30)
    for sign in (1, -1)
    for more in (-1, 0, 1)
]
_WORDS = [
    *("NaN", "Infinity", "-0", "1.5", "1e16", "1e400", "1" + "0" * 5000, "null", "true", "[]"),
    *('"\\ud800"', '"\\udc00x"', '"\\u0000"', '""', '"\\n"', '"../+/#"', "{}", "[[]]", '"x"'),
    *("[" * 150 + "]" * 150, '{"a":' * 150 + "1" + "}" * 150, "[" * 5000, '"' + "y" * 70_000 + '"'),
    *('"2026-13-45T99:00:00Z"', '"9999-12-31T23:59:59.999+00:00"', '"0001-01-01T00:00:00+23:59"'),
]


def hostile(random: Random, sound: Any) -> bytes:
    """``sound`` with one to three of its values, or all of its text, made hostile."""
    text = _told(random, sound, random.choice([0.05, 0.15, 0.4])).encode("utf-8", "surrogatepass")
    kind = random.randrange(40)
    if kind == 0:
        return text[: random.randrange(len(text) + 1)]
    if kind == 1:
        return random.randbytes(random.randrange(60))
    if kind == 2:
        at = random.randrange(len(text) + 1)
        return text[:at] + random.randbytes(2) + text[at:]
    if kind == 3 and random.random() < 0.01:
        return text + b" " * 10_000_000
    return text


def value(random: Random) -> Any:
    """One that JSON has, and that nobody means."""
    chosen = random.choice([*_NUMBERS, *_WORDS])
    try:
        return chosen if isinstance(chosen, int) else json.loads(chosen)
    except (ValueError, RecursionError):
        return None


def _told(random: Random, sound: Any, share: float) -> str:
    if random.random() < share / 2:
        chosen = random.choice([*_NUMBERS, *_WORDS])
        return chosen if isinstance(chosen, str) else str(chosen)
    if isinstance(sound, dict):
        members = []
        for name, member in sound.items():
            if random.random() < share / 4:
                continue
            members.append(f"{json.dumps(name)}:{_told(random, member, share)}")
            if random.random() < share / 4:
                members.append(f"{json.dumps(name)}:{_told(random, member, 1.0)}")
        return "{" + ",".join(members) + "}"
    if isinstance(sound, list):
        return "[" + ",".join(_told(random, member, share) for member in sound) + "]"
    return json.dumps(sound, ensure_ascii=False)
