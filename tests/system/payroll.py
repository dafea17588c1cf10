"""The other end of the wire, seen and spoken to by a client of the test's own."""

import json
import queue
from types import TracebackType
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from tests.patience import PATIENCE_S


class Listener:
    """Hears everything on a broker, in order, and can say anything. A context manager."""

    def __init__(self, port: int, topic: str = "#") -> None:
        self.messages: queue.SimpleQueue[MQTTMessage] = queue.SimpleQueue()
        self._subscribed: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = lambda *arguments: self.messages.put(arguments[-1])
        self._client.on_subscribe = lambda *_: self._subscribed.put(None)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(topic, qos=1)
        self._subscribed.get(timeout=PATIENCE_S)

    def until(self, topic: str, **said: object) -> Any:
        """The next message on a topic that says so."""
        while True:
            message = self.messages.get(timeout=PATIENCE_S)
            if message.topic == topic:
                heard = json.loads(message.payload)
                if all(heard.get(key) == value for key, value in said.items()):
                    return heard

    def say(self, topic: str, payload: object, *, retain: bool = False) -> None:
        """Publish bytes as they are, anything else as JSON; returns once the broker has it."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        told = self._client.publish(topic, data, qos=1, retain=retain)
        assert told.rc is MQTTErrorCode.MQTT_ERR_SUCCESS
        told.wait_for_publish(PATIENCE_S)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
