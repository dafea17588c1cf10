"""What each instruction answers, and how the models differ."""

from __future__ import annotations

import pytest

from edge_agent.simulator.module import MODELS
from edge_agent.simulator.table import INSTRUCTIONS
from edge_agent.simulator.wire import Packet, Pid

from .hosts import BROADCAST, OK, Bench

BAUD, SECURITY, PACKET_SIZE = 4, 5, 6
PASSWORD = b"\x12\x34\x56\x78"


def test_enrolled_fingers_are_found_and_others_are_not() -> None:
    bench = Bench()
    bench.enrol("an", 3)
    bench.enrol("binh", 161)
    bench.capture("binh")
    code, slot, score = bench.search()
    assert (code, slot) == (OK, 161)
    assert 60 <= score <= 275
    bench.capture("chi")
    assert bench.search() == (0x09, 0, 0)


def test_an_image_is_gone_with_the_next_exposure() -> None:
    bench = Bench()
    bench.capture("an")
    assert bench.ask(0x02, 1) == b"\x00"
    assert bench.ask(0x01) == b"\x02"
    assert bench.ask(0x02, 1) == b"\x15"


def test_search_keeps_to_its_range() -> None:
    bench = Bench()
    bench.enrol("an", 10)
    bench.capture("an")
    assert bench.ask(0x04, 1, 0, 0, 0, 10)[0] == 0x09
    assert bench.ask(0x1B, 1, 0, 10, 0, 1)[0] == OK
    assert bench.ask(0x1B, 1, 0, 11, 0xFF, 0xFF)[0] == 0x09


def test_search_gives_the_best_slot_not_the_first() -> None:
    scores = iter([70, 90, 80])
    bench = Bench(compare=lambda one, other: next(scores))
    bench.capture("an")
    for slot in (5, 6, 7):
        bench.ask(0x06, 1, 0, slot)
    assert bench.search() == (OK, 6, 90)


def test_without_a_finger_there_is_no_image() -> None:
    bench = Bench()
    assert bench.ask(0x01) == b"\x02"
    assert bench.ask(0x02, 1) == b"\x15"
    assert bench.ask(0x0A) == b"\x0f"


@pytest.mark.parametrize("number", [0, 2, 3, 255])
def test_a_char_buffer_that_is_neither_1_nor_2_is_2(number: int) -> None:
    bench = Bench()
    bench.capture("an", number)
    assert bench.ask(0x08, 1) == b"\x0d"
    assert len(bench.up_char(2)) == 512


def test_match_sends_its_score_in_either_case() -> None:
    bench = Bench()
    bench.capture("an", 1)
    bench.capture("an", 2)
    code, *score = bench.ask(0x03)
    assert code == OK
    assert 60 <= int.from_bytes(score, "big") <= 275
    bench.capture("binh", 2)
    assert bench.ask(0x03) == b"\x08\x00\x00"


def test_a_model_of_two_fingers_is_refused() -> None:
    bench = Bench()
    bench.capture("an", 1)
    assert bench.ask(0x05) == b"\x0a", "one capture"
    bench.capture("binh", 2)
    assert bench.ask(0x05) == b"\x0a"
    bench.capture("an", 2)
    assert bench.ask(0x05) == b"\x00"
    assert bench.up_char(1) == bench.up_char(2)


def test_slots_beyond_the_capacity() -> None:
    bench = Bench(capacity=162)
    bench.capture("an")
    assert bench.ask(0x06, 1, 0, 161) == b"\x00"
    assert bench.ask(0x06, 1, 0, 162) == b"\x0b"
    assert bench.ask(0x07, 1, 0, 162) == b"\x0b"
    assert bench.ask(0x07, 1, 0, 160) == b"\x0c"
    assert bench.ask(0x0C, 0, 161, 0, 2) == b"\x10"
    assert bench.sensor.slots == [161]


def test_an_empty_buffer_cannot_be_stored() -> None:
    bench = Bench()
    assert bench.ask(0x06, 1, 0, 0) == b"\x18"
    assert bench.sensor.slots == []


def test_count_index_delete_and_empty() -> None:
    bench = Bench("r307", always_verify=False)
    bench.capture("an")
    for slot in (0, 9, 255, 256, 999):
        bench.ask(0x06, 1, slot >> 8, slot & 0xFF)
    assert bench.ask(0x1D) == b"\x00\x00\x05"
    first = bytes([0b1, 0b10, *bytes(29), 0b1000_0000])
    assert bench.ask(0x1F, 0) == b"\x00" + first
    assert bench.ask(0x1F, 1) == b"\x00" + bytes([1, *bytes(31)])
    assert bench.ask(0x1F, 3) == b"\x00" + bytes([*bytes(28), 0b1000_0000, 0, 0, 0])
    assert bench.ask(0x1F, 4) == b"\x01"
    assert bench.ask(0x0C, 0, 200, 0, 100) == b"\x00"
    assert bench.sensor.slots == [0, 9, 999]
    assert bench.ask(0x0D) == b"\x00"
    assert bench.ask(0x1D) == b"\x00\x00\x00"


def test_notepad() -> None:
    bench = Bench()
    page = bytes(range(32))
    assert bench.ask(0x18, 15, *page) == b"\x00"
    assert bench.ask(0x19, 15) == b"\x00" + page
    assert bench.ask(0x19, 0) == b"\x00" + bytes(32)
    assert bench.ask(0x18, 16, *page) == b"\x1c"
    assert bench.ask(0x19, 16) == b"\x1c"


@pytest.mark.parametrize(
    ("number", "good", "bad"),
    [(BAUD, 12, 13), (SECURITY, 5, 0), (SECURITY, 1, 6), (PACKET_SIZE, 3, 4), (7, None, 0)],
)
def test_system_parameters(number: int, good: int | None, bad: int) -> None:
    bench = Bench()
    before = bench.ask(0x0F)
    assert bench.ask(0x0E, number, bad) == b"\x1a"
    assert bench.ask(0x0F) == before
    if good is not None:
        assert bench.ask(0x0E, number, good) == b"\x00"
        at = {BAUD: 16, SECURITY: 8, PACKET_SIZE: 14}[number]
        assert bench.ask(0x0F)[at] == good


def test_baud_changes_after_the_acknowledgement() -> None:
    bench = Bench(paced=True)
    command = Packet(BROADCAST, Pid.COMMAND, bytes([0x0E, BAUD, 12])).encode()
    assert {part.baud for part in bench.sensor.receive(command, bench.now)} == {57600}
    assert bench.sensor.baud == 115200


def test_an_r503_has_five_speeds() -> None:
    bench = Bench("r503")
    assert [n for n in range(14) if bench.ask(0x0E, BAUD, n) == b"\x00"] == [1, 2, 4, 6, 12]


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_packet_size_of_transfers(code: int) -> None:
    bench = Bench()
    bench.ask(0x0E, PACKET_SIZE, code)
    bench.capture("an")
    _, *packets = bench.exchange(0x08, 1)
    assert {len(packet.data) for packet in packets} == {32 << code}
    assert [packet.pid for packet in packets[:-1]] == [Pid.DATA] * (len(packets) - 1)
    assert packets[-1].pid is Pid.END_DATA


def test_a_new_address_answers_at_once_and_the_old_one_never() -> None:
    bench = Bench()
    [ack] = bench.exchange(0x15, 0, 0, 0, 9)
    assert (ack.address, ack.data) == (9, b"\x00")
    assert bench.exchange(0x1D) == []
    bench.address = 9
    assert bench.ask(0x1D) == b"\x00\x00\x00"


def test_a_password_locks_everything_until_it_is_verified() -> None:
    bench = Bench()
    assert bench.ask(0x12, *PASSWORD) == b"\x00"
    assert bench.ask(0x1D) == b"\x00\x00\x00", "the host that set it need not verify"
    bench.sensor.power_on(bench.now)
    everything = set(MODELS["zfm20"].instructions) - {0x13}
    assert {bench.ask(code) for code in everything} == {b"\x21"}
    assert bench.ask(0x13, 0, 0, 0, 0) == b"\x13"
    assert bench.ask(0x1D) == b"\x21"
    assert bench.ask(0x13, *PASSWORD) == b"\x00"
    assert bench.ask(0x1D) == b"\x00\x00\x00"
    assert bench.ask(0x13, 0, 0, 0, 0) == b"\x13"
    assert bench.ask(0x1D) == b"\x21", "a wrong password locks it again"


@pytest.mark.parametrize("model", ["r307", "zfm60"])
def test_some_models_want_the_default_password_verified(model: str) -> None:
    bench = Bench(model)
    assert bench.ask(0x0F) == b"\x21"
    bench.verify()
    assert bench.ask(0x0F)[0] == OK


def test_status_bits() -> None:
    def status() -> int:
        return bench.ask(0x0F)[2]

    bench = Bench()
    assert status() == 0
    bench.verify()
    assert status() == 0b0100
    bench.capture("an")
    assert status() == 0b1100
    bench.capture("an", 2)
    bench.ask(0x03)
    assert status() == 0b1110
    bench.search()
    assert status() == 0b1100
    bench.sensor.power_on(bench.now)
    assert status() == 0


def test_templates_travel_to_another_sensor() -> None:
    source, target = Bench("r307", seed=1), Bench("r307", seed=2)
    source.verify()
    target.verify()
    source.enrol("an", 0)
    source.ask(0x07, 1, 0, 0)
    template = source.up_char()
    target.down(template, 0x09, 2)
    assert target.ask(0x06, 2, 0, 7) == b"\x00"
    target.capture("an")
    assert target.search()[:2] == (OK, 7)
    target.capture("binh")
    assert target.search()[0] == 0x09


@pytest.mark.parametrize("at", [0, 2, 20, 300, 511])
def test_a_corrupted_template_matches_nobody(at: int) -> None:
    bench = Bench()
    bench.enrol("an", 0)
    template = bytearray(bench.up_char())
    template[at] ^= 1
    bench.down(bytes(template), 0x09, 1)
    assert bench.ask(0x06, 1, 0, 1) == b"\x00"
    bench.ask(0x0C, 0, 0, 0, 1)
    bench.capture("an")
    assert bench.search()[0] == 0x09


def test_a_template_of_another_size_leaves_the_buffer_empty() -> None:
    bench = Bench()
    bench.capture("an")
    bench.down(bench.up_char()[:-1], 0x09, 1)
    assert bench.ask(0x08, 1) == b"\x0d"


def test_a_lost_data_packet_spoils_the_template() -> None:
    bench = Bench()
    bench.capture("an")
    template = bench.up_char()
    bench.ask(0x09, 1)
    damaged = bytearray(Packet(BROADCAST, Pid.DATA, template[:256]).encode())
    damaged[20] ^= 1
    assert bench.send(bytes(damaged)) == b""
    bench.send(Packet(BROADCAST, Pid.END_DATA, template[256:]).encode())
    assert bench.ask(0x08, 1) == b"\x0d"


@pytest.mark.parametrize(("model", "stored"), [("r503", b"\x18"), ("as608", b"\x00")])
def test_an_r503_refuses_a_blank_template(model: str, stored: bytes) -> None:
    bench = Bench(model)
    bench.down(b"\xff" * MODELS[model].template_size, 0x09, 1)
    assert bench.ask(0x06, 1, 0, 0) == stored


def test_another_command_ends_a_transfer() -> None:
    bench = Bench()
    bench.capture("an")
    template = bench.up_char()
    bench.ask(0x09, 2)
    bench.send(Packet(BROADCAST, Pid.DATA, template[:256]).encode())
    bench.ask(0x1D)
    bench.send(Packet(BROADCAST, Pid.END_DATA, template[256:]).encode())
    assert bench.ask(0x08, 2) == b"\x0d"


def test_an_r307_searches_only_after_a_capture_of_its_own() -> None:
    bench = Bench("r307")
    bench.verify()
    bench.enrol("an", 0)
    template = bench.up_char()
    bench.down(template, 0x09, 1)
    assert bench.search() == (0x01, 0, 0)
    assert bench.ask(0x03)[0] == OK, "Match is what is left"
    bench.capture("an")
    assert bench.search()[0] == OK


def test_images_travel() -> None:
    bench = Bench()
    bench.enrol("an", 0)
    bench.press("an")
    bench.ask(0x01)
    _, *packets = bench.exchange(0x0A)
    image = b"".join(packet.data for packet in packets)
    assert len(image) == 256 * 288 // 2
    assert len(set(image)) > 100, "a picture, not a plane"
    bench.glass.lift(bench.now)
    bench.ask(0x01)
    bench.down(image, 0x0B)
    assert bench.ask(0x02, 1) == b"\x00"
    assert bench.search()[0] == OK
    bench.down(image[:-1] + b"?", 0x0B)
    assert bench.ask(0x02, 1) == b"\x15"


def test_random_numbers_follow_the_seed() -> None:
    drawn = [Bench(seed=seed).ask(0x14) for seed in (1, 1, 2)]
    assert len(drawn[0]) == 5
    assert drawn[0] == drawn[1] != drawn[2]


def test_port_control() -> None:
    bench = Bench()
    assert [bench.ask(0x17, switch) for switch in (0, 1, 2)] == [b"\x00", b"\x00", b"\x1d"]


def test_what_an_r503_has_and_lacks() -> None:
    bench = Bench("r503")
    assert bench.ask(0x1B, 1, 0, 0, 0, 200) == bench.ask(0x17, 0) == b"\x01"
    for code in (0x30, 0x36, 0x40):
        assert bench.ask(code) == b"\x00"
    assert bench.ask(0x35, 3, 0x80, 1, 0) == b"\x00"
    product = bench.ask(0x3C)
    assert product[1:17].rstrip(b"\0") == b"R503"
    assert product[-8:].hex() == "00c000c0060000c8"


def test_soft_reset_acknowledges_and_boots() -> None:
    bench = Bench("r503")
    bench.verify()
    assert bench.exchange(0x3D)[0].data == b"\x00"
    assert bench.ask(0x0F)[2] == 0, "verified no more"
    reset = Packet(BROADCAST, Pid.COMMAND, b"\x3d").encode()
    assert bench.send(reset).endswith(b"\x00\x0a\x55")


def test_what_a_zfm60_has_of_its_own() -> None:
    bench = Bench("zfm60")
    bench.verify()
    assert bench.ask(0x53) == b"\x55"
    assert bench.ask(0x50) == bench.ask(0x51) == b"\x00"
    assert bench.ask(0x52) == b"\x02"


@pytest.mark.parametrize("model", MODELS)
def test_other_models_instructions_get_01(model: str) -> None:
    bench = Bench(model, always_verify=False)
    others = set(INSTRUCTIONS) - MODELS[model].instructions
    assert others
    assert {bench.ask(code) for code in [*others, 0x00, 0xFF]} == {b"\x01"}
    assert MODELS[model].instructions <= set(INSTRUCTIONS)


@pytest.mark.parametrize("content", [b"\x01\x00", b"\x04\x01", b"\x13\x00", b"\x19"])
def test_parameters_of_a_wrong_length_get_01(content: bytes) -> None:
    assert Bench().ask(*content) == b"\x01"


def test_a_wrong_checksum_gets_01_and_a_wrong_address_nothing() -> None:
    bench = Bench()
    command = bytearray(Packet(BROADCAST, Pid.COMMAND, b"\x0d").encode())
    command[-1] ^= 0xFF
    assert bench.send(bytes(command)).hex() == "ef01ffffffff07000301000b"
    command[2] = 0
    assert bench.send(bytes(command)) == b""
    assert bench.send(Packet(1, Pid.COMMAND, b"\x1d").encode()) == b""


def test_half_a_packet_is_given_up_after_a_pause() -> None:
    bench = Bench()
    half = Packet(BROADCAST, Pid.DATA, bytes(200)).encode()[:60]
    bench.send(half)
    assert bench.exchange(0x1D) == []
    bench.now += 1
    assert bench.ask(0x1D) == b"\x00\x00\x00"


def test_commands_in_one_portion_are_answered_in_order() -> None:
    bench = Bench()
    commands = [Packet(BROADCAST, Pid.COMMAND, content).encode() for content in (b"\x1d", b"\x01")]
    reply = bench.send(b"".join(commands))
    assert reply.hex() == "ef01ffffffff070005000000000cef01ffffffff07000302000c"


def test_touch_is_known_without_the_line() -> None:
    bench = Bench()
    assert not bench.glass.touched(bench.now)
    bench.press("an")
    assert bench.glass.touched(bench.now)
