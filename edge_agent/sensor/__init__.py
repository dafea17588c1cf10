"""The fingerprint sensor on its serial port: the only importer of pyfingerprint and pyserial.

Read ``fingerprint_sensor`` for what it does, ``link`` for why its answers can be believed.
"""

from .fingerprint_sensor import FingerprintSensor

__all__ = ["FingerprintSensor"]
