"""Was this gate able to record from t1 to t2? From the entries of its ledgers alone. Pure.

Only what is certain is said: *yes* where every press would have been recorded, *no* where none
could be, *unknown* everywhere else. An absence may be judged where the answer is yes, and nowhere
else. A gate notices that nobody looked at its glass after 20 seconds, so shorter ones are not told.
"""

from itertools import pairwise

from .signs_of_life import Cover, SignsOfLife, Span


def coverage(ledgers: list[SignsOfLife], begin_ms: int, end_ms: int) -> list[Span]:
    """The spans of a gate between two moments, without gaps and overlaps, from all its ledgers."""
    spans = [_laid_out(ledger.certain(), begin_ms, end_ms) for ledger in ledgers]
    # A ledger of which nobody knows when it was written may have been at any time.
    extents = [ledger.extent() or (begin_ms, end_ms) for ledger in ledgers]
    return together(spans, extents) or [Span(begin_ms, end_ms, Cover.UNKNOWN)]


def covered(ledgers: list[SignsOfLife]) -> list[Span]:
    """All the spans in which every press would have been recorded, in their order."""
    edges = [
        edge for one in ledgers for span in one.certain() for edge in (span.begin_ms, span.end_ms)
    ]
    if not edges:
        return []
    whole = coverage(ledgers, min(edges), max(edges))
    return [span for span in whole if span.cover is Cover.YES]


def together(ledgers: list[list[Span]], extents: list[tuple[int, int]]) -> list[Span]:
    """The spans of a gate that had several ledgers: where two were written at a time, nobody knows.

    ``ledgers`` cover the same time; ``extents`` are the first and last moment of each.
    """
    cuts = sorted(
        {edge for spans in ledgers for span in spans for edge in (span.begin_ms, span.end_ms)}
        | {edge for extent in extents for edge in extent}
    )
    whole = [span for spans in ledgers for span in spans]
    if not whole:
        return []
    begin, end = min(s.begin_ms for s in whole), max(s.end_ms for s in whole)
    cuts = [cut for cut in cuts if begin <= cut <= end]
    told = []
    for first, last in pairwise(cuts):
        at_work = [i for i, (low, high) in enumerate(extents) if low < last and first < high]
        cover = _cover_at(ledgers[at_work[0]], first) if len(at_work) == 1 else Cover.UNKNOWN
        told.append(Span(first, last, cover))
    return _merged(told)


def _laid_out(told: list[Span], begin_ms: int, end_ms: int) -> list[Span]:
    """The spans within the window, and unknown where nothing is said, or things that differ."""
    edges = {begin_ms, end_ms}
    for span in told:
        edges |= {e for e in (span.begin_ms, span.end_ms) if begin_ms < e < end_ms}
    open_: dict[Cover, int] = {Cover.YES: 0, Cover.NO: 0}
    changes: dict[int, list[tuple[Cover, int]]] = {}
    for span in told:
        if span.end_ms > begin_ms and span.begin_ms < end_ms:
            changes.setdefault(max(span.begin_ms, begin_ms), []).append((span.cover, 1))
            changes.setdefault(min(span.end_ms, end_ms), []).append((span.cover, -1))
    found = []
    for first, last in pairwise(sorted(edges)):
        for cover, by in changes.get(first, ()):
            open_[cover] += by
        said = [cover for cover, count in open_.items() if count]
        found.append(Span(first, last, said[0] if len(said) == 1 else Cover.UNKNOWN))
    return _merged(found)


def _cover_at(spans: list[Span], ms: int) -> Cover:
    return next((s.cover for s in spans if s.begin_ms <= ms < s.end_ms), Cover.UNKNOWN)


def _merged(spans: list[Span]) -> list[Span]:
    found: list[Span] = []
    for span in spans:
        if found and found[-1].cover is span.cover and found[-1].end_ms == span.begin_ms:
            found[-1] = Span(found[-1].begin_ms, span.end_ms, span.cover)
        else:
            found.append(span)
    return found
