"""Every instruction as one row: code, parameters, time and what it does.

Codes and acknowledgements are from the ZFM-20 manual 1.8 ("Module instruction"), those from 0x28
on from the R503 manual 1.2 and the ZFM-60 manual; Enroll, Identify, ReadINFpage, GenBinImage and
UserGPIO from Synochip's AS608 manual, whose BurnCode (new firmware) is left out; the layout of the
replies to Enroll and Identify, refusals included, is what the driver libdriver/as608 insists on,
and what it waits for (0.3 to 1 s) bounds the times. Times marked M
were measured on a real AS608 module at 57600 baud, from the command being sent to the reply having
been received; the others are assumptions after them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.simulator import automatic, fingers
from edge_agent.simulator.answers import OK, Answer
from edge_agent.simulator.flash import NOTEPAD_PAGE_BYTES, NOTEPAD_PAGES
from edge_agent.simulator.module import Module

_INDEX_PAGE_SLOTS = 256
_INDEX_PAGES = 4
_INFORMATION_PAGE = 512  # bytes
_PRODUCT = struct.Struct(">16s4s8s2B8s4H")


@dataclass(frozen=True)
class Instruction:
    """One row of the table."""

    code: int
    name: str
    params: str  # struct format of the bytes after the instruction code
    takes: float  # seconds
    run: Callable[..., Answer]  # called with the module and the parameters


PACKET_ERROR = Answer(0x01)
NOT_VERIFIED = Answer(0x21)
_NO_FINGER = Answer(0x02, takes=0.060)  # assumption: nothing to expose for
_NOT_MATCHED = Answer(0x08, bytes(2))
_NOT_FOUND = Answer(0x09, bytes(4))
_CAPTURES_DIFFER = Answer(0x0A)
_BAD_SLOT = Answer(0x0B)
_BAD_TEMPLATE = Answer(0x0C)
_NOTHING_TO_UPLOAD = Answer(0x0D)
_NO_IMAGE_TO_UPLOAD = Answer(0x0F)
_ENROL_FAILED = Answer(0x1E, bytes(2))
_DELETE_FAILED = Answer(0x10)
_WRONG_PASSWORD = Answer(0x13)
_INVALID_IMAGE = Answer(0x15)
_FLASH_ERROR = Answer(0x18)
_BAD_REGISTER = Answer(0x1A)
_BAD_PAGE = Answer(0x1C)
_PORT_FAILED = Answer(0x1D)
_ECHO = Answer(0x55)


def status_word(module: Module) -> int:
    """The status register: 0 busy, 1 pass, 2 password verified, 3 image valid."""
    ram = module.ram
    return ram.passed << 1 | ram.verified << 2 | (ram.image is not None) << 3


def _buffer(number: int) -> int:
    return number if number in (1, 2) else 2


def _gen_img(module: Module) -> Answer:
    return OK if module.take_image() else _NO_FINGER


def _img_2_tz(module: Module, buffer: int) -> Answer:
    features = module.image_features()
    if features is None:
        return _INVALID_IMAGE
    poor = module.model.poor_scan_codes.get(features.quality)
    if poor is not None:
        return Answer(poor)
    template = fingers.to_template(features, module.model.template_size)
    module.ram.templates[_buffer(buffer)] = template
    module.ram.may_search = True
    return OK


def _match(module: Module) -> Answer:
    templates = module.ram.templates
    score = module.compare(templates[1], templates[2]) if len(templates) == 2 else 0
    module.ram.passed = score >= module.threshold
    return Answer(0x00, struct.pack(">H", score)) if module.ram.passed else _NOT_MATCHED


def _search(module: Module, buffer: int, start: int, count: int) -> Answer:
    if not module.ram.may_search:
        return Answer(PACKET_ERROR.code, bytes(4))
    found = module.search(_buffer(buffer), range(start, start + count))
    module.ram.passed = found is not None
    return Answer(0x00, struct.pack(">HH", *found)) if found else _NOT_FOUND


def _reg_model(module: Module) -> Answer:
    captures = [fingers.from_template(template) for template in module.ram.templates.values()]
    if len(captures) < 2 or captures[0] is None or captures[1] is None:
        return _CAPTURES_DIFFER
    model = fingers.merge(captures[0], captures[1])
    if model is None:
        return _CAPTURES_DIFFER
    template = fingers.to_template(model, module.model.template_size)
    module.ram.templates = {1: template, 2: template}
    return OK


def _store(module: Module, buffer: int, slot: int) -> Answer:
    template = module.ram.templates.get(_buffer(buffer))
    if slot >= module.model.capacity:
        return _BAD_SLOT
    if template is None:
        return _FLASH_ERROR  # assumption: no manual says what an empty buffer gives
    module.flash.store(slot, template)
    return OK


def _load(module: Module, buffer: int, slot: int) -> Answer:
    if slot >= module.model.capacity:
        return _BAD_SLOT
    template = module.flash.templates.get(slot)
    if template is None:
        return _BAD_TEMPLATE
    module.ram.templates[_buffer(buffer)] = template
    return OK


def _up_char(module: Module, buffer: int) -> Answer:
    template = module.ram.templates.get(_buffer(buffer))
    return Answer(0x00, stream=template) if template else _NOTHING_TO_UPLOAD


def _down_char(module: Module, buffer: int) -> Answer:
    module.expect_template(_buffer(buffer))
    return OK


def _up_image(module: Module) -> Answer:
    image = module.image_bytes()
    return Answer(0x00, stream=image) if image else _NO_IMAGE_TO_UPLOAD


def _down_image(module: Module) -> Answer:
    module.expect_image()
    return OK


def _delete(module: Module, slot: int, count: int) -> Answer:
    if slot + count > module.model.capacity:
        return _DELETE_FAILED
    module.flash.delete(range(slot, slot + count))
    return OK


def _empty(module: Module) -> Answer:
    module.flash.delete(range(module.model.capacity))
    return OK


def _set_sys_para(module: Module, number: int, value: int) -> Answer:
    name, values = {
        4: ("baud_multiplier", module.model.baud_multipliers),
        5: ("security_level", range(1, 6)),
        6: ("packet_size_code", range(4)),
    }.get(number, ("", ()))
    if value not in values:
        return _BAD_REGISTER
    module.flash.set(**{name: value})
    return OK


def _read_sys_para(module: Module) -> Answer:
    parameters = module.flash.parameters
    words = struct.pack(
        ">4HI2H",
        status_word(module),
        module.model.system_id,
        module.model.capacity,
        parameters.security_level,
        parameters.address,
        parameters.packet_size_code,
        parameters.baud_multiplier,
    )
    return Answer(0x00, words)


def _set_password(module: Module, password: int) -> Answer:
    module.flash.set(password=password)
    module.ram.verified = True  # the host that set it knows it
    return OK


def _verify_password(module: Module, password: int) -> Answer:
    module.ram.verified = password == module.flash.parameters.password
    return OK if module.ram.verified else _WRONG_PASSWORD


def _random(module: Module) -> Answer:
    return Answer(0x00, module.random.randbytes(4))


def _set_address(module: Module, address: int) -> Answer:
    module.flash.set(address=address)
    return OK


def _port_control(_: Module, switch: int) -> Answer:
    return OK if switch in (0, 1) else _PORT_FAILED


def _write_notepad(module: Module, page: int, data: bytes) -> Answer:
    if page >= NOTEPAD_PAGES:
        return _BAD_PAGE
    module.flash.write_page(page, data)
    return OK


def _read_notepad(module: Module, page: int) -> Answer:
    if page >= NOTEPAD_PAGES:
        return _BAD_PAGE
    return Answer(0x00, module.flash.notepad.get(page, bytes(NOTEPAD_PAGE_BYTES)))


def _template_count(module: Module) -> Answer:
    return Answer(0x00, struct.pack(">H", len(module.flash.templates)))


def _read_index_table(module: Module, page: int) -> Answer:
    if page >= _INDEX_PAGES:
        return PACKET_ERROR
    first = page * _INDEX_PAGE_SLOTS
    bits = sum(
        1 << slot - first
        for slot in module.flash.templates
        if slot in range(first, first + _INDEX_PAGE_SLOTS)
    )
    return Answer(0x00, bits.to_bytes(_INDEX_PAGE_SLOTS // 8, "little"))


def _product_info(module: Module) -> Answer:
    model = module.model
    product = _PRODUCT.pack(
        model.name.upper().encode(),
        b"SIM0",
        b"00000001",
        1,
        0,
        b"GROW",
        *model.image_size,
        model.template_size,
        model.capacity,
    )
    return Answer(0x00, product)


def _auto_enroll(module: Module) -> Answer:
    """One capture, and the first free slot: what an AS608 does by itself (PS_Enroll)."""
    free = set(range(module.model.capacity)) - module.flash.templates.keys()
    if not free or not module.take_image() or _img_2_tz(module, 1).code:
        return _ENROL_FAILED
    slot = min(free)
    module.flash.store(slot, module.ram.templates[1])
    return Answer(0x00, struct.pack(">H", slot))


def _auto_identify(module: Module) -> Answer:
    """Capture, convert and search the whole library (PS_Identify)."""
    if not module.take_image() or _img_2_tz(module, 1).code:
        return _NOT_FOUND
    return _search(module, 1, 0, module.model.capacity)


def _r503_enroll(
    module: Module, slot: int, over: int, again: int, tells: int, leave: int
) -> Answer:
    steps = automatic.auto_enroll(
        module,
        _img_2_tz,
        _reg_model,
        slot=slot,
        over=bool(over),
        again=bool(again),
        tells=bool(tells),
        leave=bool(leave),
    )
    return Answer(OK.code, steps=steps)


def _r503_identify(
    module: Module, level: int, start: int, count: int, tells: int, tries: int
) -> Answer:
    if level not in range(1, 6):
        return PACKET_ERROR
    slots = range(start, start + count)
    steps = automatic.auto_identify(module, _img_2_tz, slots=slots, tells=bool(tells), tries=tries)
    return Answer(OK.code, steps=steps)


def _information_page(module: Module) -> Answer:
    """The flash's page of facts, which no manual lays out: the parameters, then blank."""
    page = _read_sys_para(module).data + module.model.name.upper().encode()
    return Answer(0x00, stream=page.ljust(_INFORMATION_PAGE, b"\xff"))


def _version(module: Module) -> Answer:
    return Answer(0x00, f"{module.model.name.upper()} SIM".encode().ljust(32, b"\x00"))


def _acknowledge(*_: object) -> Answer:
    return OK


def _sleep(module: Module) -> Answer:
    module.ram.slept_at = module.now
    return OK


def _soft_reset(_: Module) -> Answer:
    return Answer(0x00, restart=True)


def _echo(_: Module) -> Answer:
    return _ECHO


VERIFY_PASSWORD = 0x13

INSTRUCTIONS: dict[int, Instruction] = {
    row.code: row
    for row in (
        Instruction(0x01, "GenImg", ">", 0.190, _gen_img),  # M
        Instruction(0x02, "Img2Tz", ">B", 0.296, _img_2_tz),  # M
        Instruction(0x03, "Match", ">", 0.028, _match),  # M
        Instruction(0x04, "Search", ">BHH", 0.047, _search),  # M
        Instruction(0x05, "RegModel", ">", 0.012, _reg_model),  # M
        Instruction(0x06, "Store", ">BH", 0.058, _store),  # M
        Instruction(0x07, "LoadChar", ">BH", 0.016, _load),
        Instruction(0x08, "UpChar", ">B", 0.012, _up_char),
        Instruction(0x09, "DownChar", ">B", 0.012, _down_char),
        Instruction(0x0A, "UpImage", ">", 0.012, _up_image),
        Instruction(0x0B, "DownImage", ">", 0.012, _down_image),
        Instruction(0x0C, "DeletChar", ">HH", 0.066, _delete),  # M
        Instruction(0x0D, "Empty", ">", 0.070, _empty),  # M
        Instruction(0x0E, "SetSysPara", ">BB", 0.058, _set_sys_para),
        Instruction(0x0F, "ReadSysPara", ">", 0.016, _read_sys_para),  # M
        Instruction(0x10, "Enroll", ">", 0.560, _auto_enroll),
        Instruction(0x11, "Identify", ">", 0.540, _auto_identify),
        Instruction(0x12, "SetPwd", ">I", 0.058, _set_password),
        Instruction(VERIFY_PASSWORD, "VfyPwd", ">I", 0.012, _verify_password),
        Instruction(0x14, "GetRandomCode", ">", 0.012, _random),
        Instruction(0x15, "SetAddr", ">I", 0.058, _set_address),
        Instruction(0x16, "ReadINFpage", ">", 0.016, _information_page),
        Instruction(0x17, "PortControl", ">B", 0.012, _port_control),
        Instruction(0x18, "WriteNotepad", ">B32s", 0.058, _write_notepad),
        Instruction(0x19, "ReadNotepad", ">B", 0.016, _read_notepad),
        Instruction(0x1B, "HighSpeedSearch", ">BHH", 0.047, _search),
        Instruction(0x1C, "GenBinImage", ">B", 0.190, _acknowledge),
        Instruction(0x1D, "TemplateCount", ">", 0.012, _template_count),  # M
        Instruction(0x1E, "UserGPIO", ">B", 0.012, _acknowledge),
        Instruction(0x1F, "ReadIndexTable", ">B", 0.016, _read_index_table),
        Instruction(0x28, "GetImageEx", ">", 0.190, _gen_img),
        Instruction(0x30, "Cancel", ">", 0.012, _acknowledge),
        Instruction(0x31, "AutoEnroll", ">5B", 0.0, _r503_enroll),
        Instruction(0x32, "AutoIdentify", ">5B", 0.0, _r503_identify),
        Instruction(0x33, "Sleep", ">", 0.012, _sleep),
        Instruction(0x35, "AuraLedConfig", ">4B", 0.012, _acknowledge),
        Instruction(0x36, "CheckSensor", ">", 0.012, _acknowledge),
        Instruction(0x39, "GetAlgVer", ">", 0.016, _version),
        Instruction(0x3A, "GetFwVer", ">", 0.016, _version),
        Instruction(0x3C, "ReadProductInfo", ">", 0.016, _product_info),
        Instruction(0x3D, "SoftReset", ">", 0.012, _soft_reset),
        Instruction(0x40, "Handshake", ">", 0.012, _acknowledge),
        Instruction(0x50, "OpenLed", ">", 0.012, _acknowledge),
        Instruction(0x51, "CloseLed", ">", 0.012, _acknowledge),
        Instruction(0x52, "GetImageFree", ">", 0.190, _gen_img),
        Instruction(0x53, "GetEcho", ">", 0.012, _echo),
    )
}


def execute(module: Module, data: bytes) -> Answer:
    """Carry out one command packet's content: the instruction code and its parameters.

    An instruction that the model does not have, or whose parameters have another length than the
    manual's, gets code 01 (assumption: no manual says).

    Raises:
        PowerCut: in the middle of a flash write, if one was staged.
        SimulatorError: the flash file cannot be written.
    """
    module.ram.download = None
    code, params = data[0], data[1:]
    if module.locked and code != VERIFY_PASSWORD:
        return NOT_VERIFIED
    if code not in module.model.instructions:
        return PACKET_ERROR
    instruction = INSTRUCTIONS[code]
    if len(params) != struct.calcsize(instruction.params):
        return PACKET_ERROR
    return instruction.run(module, *struct.unpack(instruction.params, params))
