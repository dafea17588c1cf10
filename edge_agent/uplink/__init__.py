"""The MQTT broker, by paho-mqtt: the daemon's only importer of it."""

from .broker import PahoBroker

__all__ = ["PahoBroker"]
