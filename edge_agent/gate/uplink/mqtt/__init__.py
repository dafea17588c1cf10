"""The gate's connection to the MQTT broker, by paho."""
