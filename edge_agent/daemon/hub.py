"""Where events meet those who want them."""

from collections.abc import Callable

from ..domain.events import Confirmed, Event, SensorChanged, StoreChanged, UplinkChanged


class Hub:
    """Tells events on, and remembers the latest states for the status and the panel.

    Called from every thread: a listener may only append to a queue or wake somebody.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []
        self.sensor = SensorChanged(state="starting")
        self.uplink = UplinkChanged(state="disconnected")
        self.store = StoreChanged(state="ready")
        self.confirmed = 0

    @property
    def offline(self) -> bool:
        """Whether the broker is out of reach, and payroll with it."""
        return self.uplink.state != "connected"

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have every event from now on told to ``listener``."""
        self._listeners.append(listener)

    def tell(self, event: Event) -> None:
        """Tell everybody. Never blocks, never raises."""
        if isinstance(event, SensorChanged):
            self.sensor = event
        elif isinstance(event, UplinkChanged):
            self.uplink = event
        elif isinstance(event, StoreChanged):
            self.store = event
        elif isinstance(event, Confirmed):
            self.confirmed = event.through
        for listener in self._listeners:
            listener(event)
