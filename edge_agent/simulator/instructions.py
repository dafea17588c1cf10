"""What one instruction does, by its name in the manuals: scan, compare, keep, set, tell.

Each is called with the module and its parameters, and gives the answer.
"""

from __future__ import annotations

import struct

from . import fingers
from .flash import NOTEPAD_PAGE_BYTES, NOTEPAD_PAGES
from .module import OK, PACKET_ERROR, Answer, SimulatedModule

_NO_FINGER = Answer(0x02, takes=0.060)  # assumption: nothing to expose for
_NOT_MATCHED = Answer(0x08, bytes(2))
NOT_FOUND = Answer(0x09, bytes(4))
_CAPTURES_DIFFER = Answer(0x0A)
_NOTHING_TO_UPLOAD = Answer(0x0D)
_NO_IMAGE_TO_UPLOAD = Answer(0x0F)
_INVALID_IMAGE = Answer(0x15)
_INDEX_PAGE_SLOTS = 256
_INDEX_PAGES = 4
_BAD_SLOT = Answer(0x0B)
_BAD_TEMPLATE = Answer(0x0C)
_DELETE_FAILED = Answer(0x10)
_FLASH_ERROR = Answer(0x18)
_INFORMATION_PAGE = 512  # bytes
_PRODUCT = struct.Struct(">16s4s8s2B8s4H")
_WRONG_PASSWORD = Answer(0x13)
_BAD_REGISTER = Answer(0x1A)
_BAD_PAGE = Answer(0x1C)
_PORT_FAILED = Answer(0x1D)
_ECHO = Answer(0x55)


# From the glass to a template: the image, the two buffers, and what they are compared with.


def buffer_of(number: int) -> int:
    return number if number in (1, 2) else 2


def gen_img(module: SimulatedModule) -> Answer:
    return OK if module.take_image() else _NO_FINGER


def img_to_tz(module: SimulatedModule, buffer: int) -> Answer:
    features = module.image_features()
    if features is None:
        return _INVALID_IMAGE
    poor = module.model.poor_scan_codes.get(features.quality)
    if poor is not None:
        return Answer(poor)
    template = fingers.to_template(features, module.model.template_size)
    module.ram.templates[buffer_of(buffer)] = template
    module.ram.may_search = True
    return OK


def match(module: SimulatedModule) -> Answer:
    templates = module.ram.templates
    score = module.compare(templates[1], templates[2]) if len(templates) == 2 else 0
    module.ram.passed = score >= module.threshold
    return Answer(0x00, struct.pack(">H", score)) if module.ram.passed else _NOT_MATCHED


def search(module: SimulatedModule, buffer: int, start: int, count: int) -> Answer:
    if not module.ram.may_search:
        return Answer(PACKET_ERROR.code, bytes(4))
    found = module.search(buffer_of(buffer), range(start, start + count))
    module.ram.passed = found is not None
    return Answer(0x00, struct.pack(">HH", *found)) if found else NOT_FOUND


def reg_model(module: SimulatedModule) -> Answer:
    captures = [fingers.from_template(template) for template in module.ram.templates.values()]
    if len(captures) < 2 or captures[0] is None or captures[1] is None:
        return _CAPTURES_DIFFER
    model = fingers.merge(captures[0], captures[1])
    if model is None:
        return _CAPTURES_DIFFER
    template = fingers.to_template(model, module.model.template_size)
    module.ram.templates = {1: template, 2: template}
    return OK


def up_char(module: SimulatedModule, buffer: int) -> Answer:
    template = module.ram.templates.get(buffer_of(buffer))
    return Answer(0x00, stream=template) if template else _NOTHING_TO_UPLOAD


def down_char(module: SimulatedModule, buffer: int) -> Answer:
    module.expect_template(buffer_of(buffer))
    return OK


def up_image(module: SimulatedModule) -> Answer:
    image = module.image_bytes()
    return Answer(0x00, stream=image) if image else _NO_IMAGE_TO_UPLOAD


def down_image(module: SimulatedModule) -> Answer:
    module.expect_image()
    return OK


# Templates in the flash, by slot.


def store(module: SimulatedModule, buffer: int, slot: int) -> Answer:
    template = module.ram.templates.get(buffer_of(buffer))
    if slot >= module.model.capacity:
        return _BAD_SLOT
    if template is None:
        return _FLASH_ERROR  # assumption: no manual says what an empty buffer gives
    module.flash.store(slot, template)
    return OK


def load(module: SimulatedModule, buffer: int, slot: int) -> Answer:
    if slot >= module.model.capacity:
        return _BAD_SLOT
    template = module.flash.templates.get(slot)
    if template is None:
        return _BAD_TEMPLATE
    module.ram.templates[buffer_of(buffer)] = template
    return OK


def delete(module: SimulatedModule, slot: int, count: int) -> Answer:
    if slot + count > module.model.capacity:
        return _DELETE_FAILED
    module.flash.delete(range(slot, slot + count))
    return OK


def empty(module: SimulatedModule) -> Answer:
    module.flash.delete(range(module.model.capacity))
    return OK


def template_count(module: SimulatedModule) -> Answer:
    return Answer(0x00, struct.pack(">H", len(module.flash.templates)))


def read_index_table(module: SimulatedModule, page: int) -> Answer:
    if page >= _INDEX_PAGES:
        return PACKET_ERROR
    first = page * _INDEX_PAGE_SLOTS
    bits = sum(
        1 << slot - first
        for slot in module.flash.templates
        if slot in range(first, first + _INDEX_PAGE_SLOTS)
    )
    return Answer(0x00, bits.to_bytes(_INDEX_PAGE_SLOTS // 8, "little"))


# What the module is and how it is set: parameters, password, notepad, facts, its lamp.


def status_word(module: SimulatedModule) -> int:
    """The status register: 0 busy, 1 pass, 2 password verified, 3 image valid."""
    ram = module.ram
    return ram.passed << 1 | ram.verified << 2 | (ram.image is not None) << 3


def set_sys_para(module: SimulatedModule, number: int, value: int) -> Answer:
    name, values = {
        4: ("baud_multiplier", module.model.baud_multipliers),
        5: ("security_level", range(1, 6)),
        6: ("packet_size_code", range(4)),
    }.get(number, ("", ()))
    if value not in values:
        return _BAD_REGISTER
    module.flash.set(**{name: value})
    return OK


def read_sys_para(module: SimulatedModule) -> Answer:
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


def set_password(module: SimulatedModule, password: int) -> Answer:
    module.flash.set(password=password)
    module.ram.verified = True  # the host that set it knows it
    return OK


def verify_password(module: SimulatedModule, password: int) -> Answer:
    module.ram.verified = password == module.flash.parameters.password
    return OK if module.ram.verified else _WRONG_PASSWORD


def random(module: SimulatedModule) -> Answer:
    return Answer(0x00, module.random.randbytes(4))


def set_address(module: SimulatedModule, address: int) -> Answer:
    module.flash.set(address=address)
    return OK


def port_control(_: SimulatedModule, switch: int) -> Answer:
    return OK if switch in (0, 1) else _PORT_FAILED


def write_notepad(module: SimulatedModule, page: int, data: bytes) -> Answer:
    if page >= NOTEPAD_PAGES:
        return _BAD_PAGE
    module.flash.write_page(page, data)
    return OK


def read_notepad(module: SimulatedModule, page: int) -> Answer:
    if page >= NOTEPAD_PAGES:
        return _BAD_PAGE
    return Answer(0x00, module.flash.notepad.get(page, bytes(NOTEPAD_PAGE_BYTES)))


def product_info(module: SimulatedModule) -> Answer:
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


def information_page(module: SimulatedModule) -> Answer:
    """The flash's page of facts, which no manual lays out: the parameters, then blank."""
    page = read_sys_para(module).data + module.model.name.upper().encode()
    return Answer(0x00, stream=page.ljust(_INFORMATION_PAGE, b"\xff"))


def version(module: SimulatedModule) -> Answer:
    return Answer(0x00, f"{module.model.name.upper()} SIM".encode().ljust(32, b"\x00"))


def acknowledge(*_: object) -> Answer:
    return OK


def sleep(module: SimulatedModule) -> Answer:
    module.ram.slept_at = module.now
    return OK


def soft_reset(_: SimulatedModule) -> Answer:
    return Answer(0x00, restart=True)


def echo(_: SimulatedModule) -> Answer:
    return _ECHO
