"""How both sides reach the MQTT broker: TLS, passwords, bounded packets, and why it failed."""
