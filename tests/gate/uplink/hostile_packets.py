"""Packets as only a hostile broker sends them, at random but always the same."""

from random import Random

_CODES = [0x00, 0x01, 0x02, 0x07, 0x10, 0x11, 0x7F, 0x80, 0x87, 0x95, 0x9A, 0x9B, 0xA2, 0xFF]
_TEXTS = [b"", b"t", b"attendance/roster", b"a/b/ledger", b"\xff\xfe", b"\xed\xa0\x80", b"\0", b"#"]
_NUMBERS = [0, 1, 0x7F, 0x80, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


def connack(random: Random) -> bytes:
    """One that accepts, with properties that a broker may have, and others."""
    properties = b"".join(_property(random) for _ in range(random.randrange(4)))
    return _packet(0x20, b"\0" + _code(random, 0.7) + _length(len(properties)) + properties)


def packet(random: Random) -> bytes:
    """Any packet, more often one that nearly makes sense; sometimes only bytes."""
    kind = random.randrange(16)
    if kind == 0:
        return random.randbytes(random.randrange(1, 40))
    if kind == 1:
        return _packet(random.randrange(256), random.randbytes(random.randrange(30)))
    mid = random.choice([0, 1, 2, 3, 0xFFFF]).to_bytes(2, "big")
    if kind < 7:
        topic = random.choice(_TEXTS)
        properties = _properties(random)
        payload = random.choice([b"", b"{}", b"[" * 2000, random.randbytes(20)])
        body = _text(topic) + mid + properties + payload
        return _packet(0x30 | random.randrange(16), body)
    if kind < 11:
        answer = random.choice([0x40, 0x50, 0x62, 0x70, 0xB0])
        return _packet(answer, mid + _code(random, 0.3) + _properties(random))
    if kind < 14:
        codes = b"".join(_code(random, 0.3) for _ in range(random.randrange(6)))
        return _packet(0x90, mid + _properties(random) + codes)
    if kind == 14:
        return connack(random)
    return _packet(
        random.choice([0xC0, 0xD0, 0xE0, 0xF0]), _code(random, 0.3)[: random.randrange(2)]
    )


def _packet(command: int, body: bytes) -> bytes:
    return bytes([command]) + _length(len(body)) + body


def _length(number: int) -> bytes:
    digits = b""
    while True:
        number, digit = divmod(number, 128)
        digits += bytes([digit | (0x80 if number else 0)])
        if not number:
            return digits


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _code(random: Random, good: float) -> bytes:
    return b"\0" if random.random() < good else bytes([random.choice(_CODES)])


def _properties(random: Random) -> bytes:
    if random.random() < 0.6:
        return b"\0"
    properties = b"".join(_property(random) for _ in range(random.randrange(3)))
    said = len(properties) if random.random() < 0.8 else random.randrange(200)
    return _length(said) + properties


def _property(random: Random) -> bytes:
    """One of CONNACK, or one that stands elsewhere or nowhere."""
    number = random.choice(_NUMBERS)
    short = (number & 0xFFFF).to_bytes(2, "big")
    return random.choice(
        [
            b"\x21" + short,  # Receive Maximum
            b"\x22" + short,  # Topic Alias Maximum
            b"\x13" + short,  # Server Keep Alive
            b"\x27" + number.to_bytes(4, "big"),  # Maximum Packet Size
            b"\x11" + number.to_bytes(4, "big"),  # Session Expiry Interval
            bytes([0x24, number & 0xFF]),  # Maximum QoS
            bytes([0x25, number & 0xFF]),  # Retain Available
            bytes([0x28, number & 0xFF]),  # Wildcard Subscription Available
            b"\x12" + _text(random.choice(_TEXTS)),  # Assigned Client Identifier
            b"\x1f" + _text(random.choice(_TEXTS)),  # Reason String
            b"\x23" + short,  # Topic Alias
            b"\x26" + _text(random.choice(_TEXTS)) * 2,  # User Property
            random.randbytes(3),
        ]
    )
