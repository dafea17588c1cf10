"""Which series of data packets are one template, and how soon one that is none is told."""

import pytest

from edge_agent.gate.sensor.frames import Frame, Kind, Stream

SIZES = frozenset({512, 1536})


def _taken(series: list[int], kinds: dict[int, Kind] | None = None) -> tuple[int, bool]:
    """How many packets of these sizes are taken, the last being the end; and if it is complete."""
    stream = Stream(SIZES)
    for at, size in enumerate(series):
        kind = Kind.END_DATA if at == len(series) - 1 else Kind.DATA
        packet = Frame(0xFFFFFFFF, (kinds or {}).get(at, kind), bytes(size))
        if not stream.takes(packet):
            return at, stream.complete
    return len(series), stream.complete


@pytest.mark.parametrize("size", [32, 64, 128, 256])
@pytest.mark.parametrize("total", SIZES)
def test_packets_of_one_size(size: int, total: int) -> None:
    count = total // size
    assert _taken([size] * count) == (count, True)


@pytest.mark.parametrize(
    ("series", "taken"),
    [
        ([128, 128, 128], 2),  # one is lost
        ([128, 128, 128, 128, 128], 4),  # one too many
        ([128, 64, 128, 128, 64], 1),  # the sum is right, the sizes are not
        ([100, 100, 100, 100, 100, 12], 0),  # no module sends such packets
        ([64, 64, 64, 64, 256], 4),  # the last is the largest
        ([128] * 100, 11),  # it does not end where the largest template does
        ([256, 256], 2),
    ],
)
def test_packets_that_are_no_template(series: list[int], taken: int) -> None:
    assert _taken(series) == (taken, taken == len(series))


@pytest.mark.parametrize("kind", [Kind.ACK, Kind.COMMAND])
def test_another_kind_of_packet(kind: Kind) -> None:
    assert _taken([128] * 4, {2: kind}) == (2, False)
