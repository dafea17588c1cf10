"""What the module is and how it is set: parameters, password, notepad, facts, its lamp."""

from __future__ import annotations

import struct

from ..flash import NOTEPAD_PAGE_BYTES, NOTEPAD_PAGES
from ..module import SimulatedModule
from .answers import OK, Answer

_INFORMATION_PAGE = 512  # bytes
_PRODUCT = struct.Struct(">16s4s8s2B8s4H")
_WRONG_PASSWORD = Answer(0x13)
_BAD_REGISTER = Answer(0x1A)
_BAD_PAGE = Answer(0x1C)
_PORT_FAILED = Answer(0x1D)
_ECHO = Answer(0x55)


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
