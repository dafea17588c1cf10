"""Attendance at a gate: fingerprint sensor, durable ledger, MQTT uplink to payroll."""

__version__ = "0.1.0"
