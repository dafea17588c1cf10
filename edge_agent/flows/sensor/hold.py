"""A loose plug: how long the sensor has to stay before presses are vouched for again."""

_FREE = 3
"""A sensor that was pulled, looked at and plugged in again is believed at once, as often."""

_FIRST_S = 10.0
_LONGEST_S = 640.0
_FORGIVEN_AFTER_S = 600.0
_MOST = 10.0


class Hold:
    """Each loss doubles the hold, each ten minutes without one halve it. Pure: time is passed in.

    A plug that makes and breaks contact once a second would otherwise write two entries a second,
    on the card and over the line.
    """

    def __init__(self) -> None:
        self._losses = 0.0
        self._lost_at = 0.0

    def lost(self, now: float) -> None:
        """The sensor went away at ``now`` (monotonic seconds) while it was in use."""
        forgiven = (now - self._lost_at) / _FORGIVEN_AFTER_S
        self._losses = min(_MOST, max(0.0, self._losses - forgiven) + 1.0)
        self._lost_at = now

    @property
    def losses(self) -> int:
        """How many there were lately."""
        return round(self._losses)

    @property
    def seconds(self) -> float:
        """How long the sensor has to stay, counted from its coming back; 0 for an occasional loss.

        At most about ten pairs of entries an hour come of that.
        """
        beyond = round(self._losses) - _FREE
        return min(_LONGEST_S, _FIRST_S * 2.0 ** (beyond - 1)) if beyond > 0 else 0.0
