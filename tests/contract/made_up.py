"""Made-up facts, stamps and histories of a gate's clock."""

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType, structs

from edge_agent.contract.kinds import KINDS
from edge_agent.contract.stamps import ClockState, Stamp

_EXACT = 2**53 - 1
"""Integers beyond this are no longer exact in every JSON reader."""

_YEAR_2200 = 7_258_118_400_000


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, as they may stand in a fact."""
    if kind is int:
        return st.integers(-_EXACT, _EXACT)
    if kind is NoneType:
        return st.none()
    if kind is UnsetType:
        return st.just(UNSET)
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*map(of, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Struct):
        return st.builds(kind, **{field.name: of(field.type) for field in structs.fields(kind)})
    if get_origin(kind) is dict:  # some other entry's data
        return st.dictionaries(
            st.sampled_from(["at", "kind", "seq"]), st.none() | of(int) | st.text(max_size=9)
        )
    return st.from_type(kind)


facts = st.sampled_from(KINDS).flatmap(of)
stamps = st.builds(
    Stamp,
    boot=st.text("0123456789abcdef", min_size=32, max_size=32),
    boottime_ms=st.integers(0, _EXACT),
    wall_ms=st.integers(0, _YEAR_2200),
    state=st.sampled_from(ClockState),
    uncertainty_ms=st.none() | st.integers(0, 10**9),
)


@dataclass(frozen=True)
class Moment:
    """What the gate's clocks showed at a true time."""

    true_ms: int
    stamp: Stamp


@st.composite
def moments(draw: st.DrawFn, at_most: int = 6) -> list[Moment]:
    """Moments in order, over boots with power cuts between.

    A trusted wall clock is off by no more than it states; an untrusted one shows anything.
    """
    true_ms = 1_800_000_000_000
    found: list[Moment] = []
    span = st.integers(0, 5000) | st.integers(0, 200_000_000)
    for boot in range(draw(st.integers(1, 3))):
        true_ms += draw(span)
        began = true_ms
        for _ in range(draw(st.integers(1, at_most // 2))):
            true_ms += draw(span)
            state = draw(st.sampled_from(ClockState))
            uncertainty = draw(st.sampled_from([0, 40, 15_999, 3_600_000]))
            trusted = state is not ClockState.UNSYNCED
            wall = true_ms + draw(st.integers(-uncertainty, uncertainty))
            stamp = Stamp(
                boot=f"boot-{boot}",
                boottime_ms=true_ms - began,
                wall_ms=wall if trusted else draw(st.integers(0, 2 * true_ms)),
                state=state,
                uncertainty_ms=uncertainty if trusted else None,
            )
            found.append(Moment(true_ms, stamp))
    return found
