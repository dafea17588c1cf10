"""The sensor's password, and the image of its window."""

from base64 import b64decode

import pytest

from edge_agent.contract.errors import BadRequest
from edge_agent.gate.errors import SensorRefused, SensorSilent
from edge_agent.gate.people.custodian import Custodian
from edge_agent.gate.people.requests import (
    AskCourier,
    ClearPassword,
    ProposePassword,
    RecallPassword,
    SetPassword,
    TakeImage,
)
from tests.gate.fakes import LANS_FINGER, Person

from .test_templates import KEYS, SEALING, Vault


def digests(works: Vault) -> list[bytes]:
    return list(works.store.digests().values())


def carried(works: Vault, sealed: str) -> bytes:
    """Opened by the technician, and sealed to the courier."""
    opened = SEALING.open(b64decode(sealed), [KEYS.identity])
    return SEALING.seal(opened, [works.ask(AskCourier())["recipient"]])


def proposed(works: Vault) -> bytes:
    request = ProposePassword(recipients=[KEYS.recipient], digests=digests(works))
    return carried(works, works.ask(request)["sealed"])


def test_setting_and_clearing() -> None:
    works = Vault()
    works.ask(SetPassword(sealed=proposed(works)))
    assert works.sensor.password != 0
    assert works.pocket.kept == (works.sensor.password,)
    assert works.sensor.tried == (works.sensor.password,)
    before = works.sensor.password
    works.ask(SetPassword(sealed=proposed(works)))
    assert works.sensor.tried == (works.sensor.password, before)
    works.ask(ClearPassword())
    assert (works.sensor.password, works.pocket.kept) == (0, ())
    assert works.kinds() == []


def test_not_without_a_backup_of_every_print() -> None:
    works = Vault()
    request = ProposePassword(recipients=[KEYS.recipient], digests=digests(works)[:1])
    with pytest.raises(BadRequest, match=r"lacks 1 of the enrolled prints \(.* of 00\d\)"):
        works.ask(request)
    assert works.sensor.asked == []


def test_not_without_having_opened_the_sealed_copy() -> None:
    works = Vault()
    first = proposed(works)
    proposed(works)
    with pytest.raises(BadRequest, match="not the password that was proposed last"):
        works.ask(SetPassword(sealed=first))
    again = Vault()
    again.ask(AskCourier())
    with pytest.raises(BadRequest):
        again.ask(SetPassword(sealed=first))
    assert (works.sensor.password, again.sensor.password) == (0, 0)


def test_whatever_the_sensor_has_after_a_fault_is_known() -> None:
    works = Vault()
    works.ask(SetPassword(sealed=proposed(works)))
    before = works.sensor.password
    works.sensor.failing["set_password"] = [SensorSilent("?")]
    with pytest.raises(SensorSilent):
        works.ask(SetPassword(sealed=proposed(works)))
    assert works.pocket.kept[1:] == (before,)
    assert works.sensor.tried == works.pocket.kept
    works.sensor.failing["set_password"] = [SensorSilent("?")]
    with pytest.raises(SensorSilent):
        works.ask(ClearPassword())
    assert before in works.pocket.kept


def out_of_use(works: Vault) -> None:
    works.custodian = Custodian(
        works.gate,
        works.sensor,
        works.site.panel,
        works.pairing,
        lambda: None,
        SEALING,
        works.pocket,
    )


def test_recalling_what_was_lost() -> None:
    works = Vault()
    request = ProposePassword(recipients=[KEYS.recipient], digests=digests(works))
    sealed = works.ask(request)["sealed"]
    with pytest.raises(BadRequest, match="The sensor is in use"):
        works.ask(RecallPassword(sealed=carried(works, sealed)))
    out_of_use(works)
    works.sensor.failing["connect"] = [SensorRefused("not this one", 0x13)]
    with pytest.raises(SensorRefused):
        works.ask(RecallPassword(sealed=carried(works, sealed)))
    assert (works.pocket.kept, works.sensor.tried) == ((), ())
    with pytest.raises(BadRequest, match="has no password"):
        works.ask(RecallPassword(sealed=carried(works, sealed)))
    assert (works.pocket.kept, works.sensor.tried) == ((), ())
    works.sensor.password = 1
    works.ask(RecallPassword(sealed=carried(works, sealed)))
    assert works.pocket.kept == works.sensor.tried != ()


def test_an_image_of_the_next_finger() -> None:
    works = Vault()
    works.person = Person(works.site.clock, works.sensor, [LANS_FINGER])
    image = works.ask(TakeImage())
    assert (image["width"], image["height"]) == (2, 2)
    assert b64decode(image["pixels"]) == b"\x00\x40\x80\xff"
    assert works.sensor.asked[-1] == "read_image"
    assert works.kinds() == []
    out_of_use(works)
    with pytest.raises(SensorSilent, match="not in use"):
        works.ask(TakeImage())
