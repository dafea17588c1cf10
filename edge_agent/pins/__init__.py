"""GPIO pins, by gpiozero: how they are opened, and the two that are wired to the sensor.

The lamps are the panel's. Nothing here uses the class-global pin factory.
"""

from .factory import pin_factory
from .power import PowerPin
from .touch import TouchPin

__all__ = ["PowerPin", "TouchPin", "pin_factory"]
