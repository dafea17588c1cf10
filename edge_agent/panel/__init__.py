"""What the worker sees and hears, by gpiozero."""

from .lamps import GpioPanel

__all__ = ["GpioPanel"]
