"""The whole way of a punch on one machine: simulated sensor, real daemon, broker and payroll.

``stage`` starts and stops the parts, ``shift`` says who arrives, ``account`` checks that payroll
got what the panel showed, ``play`` holds them together.
"""

from .play import play

__all__ = ["play"]
