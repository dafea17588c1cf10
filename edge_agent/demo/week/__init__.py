"""A week at two gates, for payroll developers without hardware: ``edge-agent demo --broker``.

``plan`` says who comes when and what goes wrong, ``ledger`` writes it down as a gate does,
``account`` says what a correct payroll makes of it, ``feed`` sends it with the gates' own uplink.
"""

from .feed import feed

__all__ = ["feed"]
