"""The contact in the gate's case: an entry for each opening, and a lamp as long as it is open."""

from contextlib import closing

import pytest

from edge_agent.gate.ledger.store.metadata import CASE_OPEN
from edge_agent.gate.ledger.watch_case import WatchCase
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.pins import TamperPin
from edge_agent.gate.settings.schema import PanelSettings
from tests.gate.fakes import Site


class Contact:
    def __init__(self, is_open: bool = False) -> None:
        self.is_open = is_open

    def close(self) -> None: ...


def watching(site: Site, contact: Contact, *, lamp: bool = True) -> WatchCase:
    return WatchCase(site.gate, site.panel, contact, lamp=lamp)


def said(site: Site) -> list[tuple[str, object]]:
    return [(one["kind"], one.get("at_start")) for one in site.store.data()]


def test_it_is_opened_and_closed() -> None:
    site, contact = Site(), Contact()
    watch = watching(site, contact)
    watch.look()
    assert said(site) == []
    contact.is_open = True
    watch.look()
    watch.look()
    assert said(site) == [("case.opened", False)]
    assert site.panel.told[-1] == ("call", True)
    assert site.store.remembered(CASE_OPEN)
    contact.is_open = False
    watch.look()
    assert len(said(site)) == 1  # A contact flutters.
    site.clock.now += 6
    watch.look()
    assert said(site)[1:] == [("case.closed", None)]
    assert site.panel.told[-1] == ("call", False)
    assert not site.store.remembered(CASE_OPEN)


def test_what_flutters_is_one_opening() -> None:
    site, contact = Site(), Contact()
    watch = watching(site, contact)
    watch.look()
    for _ in range(100):
        contact.is_open = not contact.is_open
        watch.look()
        site.clock.now += 1
    assert said(site) == [("case.opened", False)]


def test_opened_while_the_power_was_off() -> None:
    site = Site()
    watching(site, Contact(is_open=True)).look()
    watching(site, Contact(is_open=True)).look()  # The next start: that is known.
    watching(site, Contact()).look()
    assert said(site) == [("case.opened", True), ("case.closed", None)]


def test_no_lamp_where_nobody_should_see_that_it_was_noticed() -> None:
    site = Site()
    watching(site, Contact(is_open=True), lamp=False).look()
    assert [told for told in site.panel.told if told[0] == "call"] == []


def test_what_could_not_be_written_is_written_at_the_next_look() -> None:
    site, contact = Site(), Contact(is_open=True)
    watch = watching(site, contact)
    site.store.faults = ["lost"]
    watch.look()
    assert said(site) == []
    site.clock.now += 3
    watch.look()
    assert ("case.opened", True) in said(site)


@pytest.mark.parametrize("active", ["high", "low"])
def test_the_contact_on_a_pin(active: str) -> None:
    with closing(TamperPin(7, active, "mock")) as pin:  # type: ignore[arg-type]
        level = pin.device.pin
        opens, shuts = level.drive_high, level.drive_low
        if active == "low":
            opens, shuts = shuts, opens
        shuts()
        assert pin.is_open in (True, False)  # What came before it is told once.
        assert not pin.is_open
        opens()
        assert pin.is_open
        shuts()
        opens()
        shuts()
        assert pin.is_open  # For a moment, between two looks.
        assert not pin.is_open


def test_a_wire_that_was_cut_tells_as_well() -> None:
    with closing(TamperPin(7, "high", "mock")) as pin:
        assert pin.is_open


def test_the_lamp_calls_a_technician_while_it_is_open() -> None:
    with closing(GpioPanel(PanelSettings(pins="mock"))) as panel:
        assert not panel._stands["call"]
        panel.call(True)
        assert panel._stands["call"]
        panel.call(False)
        assert not panel._stands["call"]
    with closing(GpioPanel(PanelSettings(pins="mock"), call_technician=True)) as panel:
        panel.call(False)
        assert panel._stands["call"]  # A damaged database still lies there.
