"""Numbers in sentences, as people say them."""


def counted(count: int, one: str, more: str | None = None) -> str:
    """``1 print`` and ``2 prints``; ``more`` where the plural is another one or brings a verb."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"


def entries(count: int) -> str:
    """``1 entry``, ``2 entries``."""
    return counted(count, "entry", "entries")
