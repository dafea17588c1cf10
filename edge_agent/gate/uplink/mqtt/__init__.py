"""MQTT, by paho: without the client of HTTP that it imports for a way through a proxy."""

from ...lazy_import import load_when_used

load_when_used("urllib.request")
