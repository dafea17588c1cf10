"""Which presses belong to which shift, where windows overlap: every way, weighed. Pure.

A *way* cuts a worker's presses into blocks, one after another in time, each of one shift. The best
ways ask for the fewest presses that are missing or too many. A block that stands in all of them is
certain. All are counted, by the number of ways before and behind each block, without listing them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from .one_shift import Block, judge
from .presses import Press
from .shifts import Instance

_MOST_IN_A_BLOCK = 10
_MOST_WAYS = 3
_WAYS_LOOKED_AT = 12

State = tuple[int, int]
"""How many presses are shared out, and the last shift that has any."""


def share_out(
    presses: Sequence[Press], fits: Sequence[tuple[int, ...]], shifts: Sequence[Instance]
) -> tuple[list[Block], list[tuple[int, int]], list[list[Block]]]:
    """The blocks that are certain, the stretches between them, and some of the best ways."""
    blocks = _blocks(presses, fits, shifts)
    start: State = (0, -1)
    ahead: dict[State, tuple[int, int]] = {start: (0, 1)}
    steps: dict[State, list[tuple[Block, State]]] = defaultdict(list)
    by_count: dict[int, list[State]] = defaultdict(list, {0: [start]})
    for done in range(len(presses)):
        for state in by_count[done]:
            cost, ways = ahead[state]
            for block in blocks[done]:
                if block.place <= state[1]:
                    continue
                following = (block.end, block.place)
                known = ahead.get(following)
                if known is None:
                    by_count[block.end].append(following)
                if known is None or cost + block.cost < known[0]:
                    ahead[following] = (cost + block.cost, ways)
                    steps[following] = [(block, state)]
                elif cost + block.cost == known[0]:
                    ahead[following] = (known[0], known[1] + ways)
                    steps[following].append((block, state))
    ends = by_count[len(presses)]
    if not ends:  # More presses of one shift than anybody makes.
        return [], [(0, len(presses))], []
    least = min(ahead[state][0] for state in ends)
    best = [state for state in ends if ahead[state][0] == least]
    total = sum(ahead[state][1] for state in best)
    behind = _ways_behind(best, steps)
    through: dict[tuple[int, int, int], int] = defaultdict(int)
    held: dict[tuple[int, int, int], Block] = {}
    for state, ways in behind.items():
        for block, last in steps.get(state, ()):
            key = (block.first, block.end, block.place)
            through[key] += ahead[last][1] * ways
            held[key] = block
    certain = sorted(
        (held[key] for key, count in through.items() if count == total),
        key=lambda block: block.first,
    )
    some = [list(way) for way in islice(_some(best, steps), _WAYS_LOOKED_AT)]
    some.sort(key=lambda way: (len(way), sum(block.far for block in way)))
    return certain, list(_between(certain, len(presses))), some[:_MOST_WAYS]


def _blocks(
    presses: Sequence[Press], fits: Sequence[tuple[int, ...]], shifts: Sequence[Instance]
) -> list[list[Block]]:
    """By the first press: what may be one shift's. Where the same presses fit several without
    anything missing, and in one of them alone each is near its place, it is that one."""
    found: list[list[Block]] = []
    for first in range(len(presses)):
        starting: list[Block] = []
        for place in fits[first]:
            end = first
            while end < len(presses) and place in fits[end] and end - first < _MOST_IN_A_BLOCK:
                end += 1
                starting.append(judge(first, presses[first:end], place, shifts[place]))
        found.append(list(_nearest(starting)))
    return found


def _nearest(blocks: Sequence[Block]) -> Iterator[Block]:
    by_end: dict[int, list[Block]] = defaultdict(list)
    for block in blocks:
        by_end[block.end].append(block)
    for alike in by_end.values():
        near = [block for block in alike if block.perfect and not block.far]
        whole = [block for block in alike if block.perfect]
        for block in alike:
            if not (block.perfect and len(near) == 1 and len(whole) > 1 and block is not near[0]):
                yield block


def _ways_behind(
    best: Sequence[State], steps: dict[State, list[tuple[Block, State]]]
) -> dict[State, int]:
    """In how many ways it goes on from each state to the end."""
    behind: dict[State, int] = defaultdict(int)
    for state in best:
        behind[state] += 1
    waiting = sorted(set(best), reverse=True)
    seen = set(waiting)
    while waiting:
        state = waiting.pop(0)
        for _, last in steps.get(state, ()):
            behind[last] += behind[state]
            if last not in seen:
                seen.add(last)
                waiting.append(last)
        waiting.sort(reverse=True)
    return dict(behind)


def _some(
    best: Sequence[State], steps: dict[State, list[tuple[Block, State]]]
) -> Iterator[tuple[Block, ...]]:
    waiting: list[tuple[State, tuple[Block, ...]]] = [(state, ()) for state in reversed(best)]
    while waiting:
        state, way = waiting.pop()
        if state[0] == 0:
            yield way
        for block, last in steps.get(state, ()):
            waiting.append((last, (block, *way)))


def _between(certain: Sequence[Block], count: int) -> Iterator[tuple[int, int]]:
    at = 0
    for block in certain:
        if at < block.first:
            yield at, block.first
        at = block.end
    if at < count:
        yield at, count
