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

from . import automatic, instructions
from .module import NOT_VERIFIED, PACKET_ERROR, Answer, SimulatedModule


@dataclass(frozen=True)
class SimulatedInstruction:
    """One row of the table."""

    code: int
    name: str
    params: str  # struct format of the bytes after the instruction code
    takes: float  # seconds
    run: Callable[..., Answer]  # called with the module and the parameters


VERIFY_PASSWORD = 0x13

INSTRUCTIONS: dict[int, SimulatedInstruction] = {
    row.code: row
    for row in (
        SimulatedInstruction(0x01, "GenImg", ">", 0.190, instructions.gen_img),  # M
        SimulatedInstruction(0x02, "Img2Tz", ">B", 0.296, instructions.img_to_tz),  # M
        SimulatedInstruction(0x03, "Match", ">", 0.028, instructions.match),  # M
        SimulatedInstruction(0x04, "Search", ">BHH", 0.047, instructions.search),  # M
        SimulatedInstruction(0x05, "RegModel", ">", 0.012, instructions.reg_model),  # M
        SimulatedInstruction(0x06, "Store", ">BH", 0.058, instructions.store),  # M
        SimulatedInstruction(0x07, "LoadChar", ">BH", 0.016, instructions.load),
        SimulatedInstruction(0x08, "UpChar", ">B", 0.012, instructions.up_char),
        SimulatedInstruction(0x09, "DownChar", ">B", 0.012, instructions.down_char),
        SimulatedInstruction(0x0A, "UpImage", ">", 0.012, instructions.up_image),
        SimulatedInstruction(0x0B, "DownImage", ">", 0.012, instructions.down_image),
        SimulatedInstruction(0x0C, "DeletChar", ">HH", 0.066, instructions.delete),  # M
        SimulatedInstruction(0x0D, "Empty", ">", 0.070, instructions.empty),  # M
        SimulatedInstruction(0x0E, "SetSysPara", ">BB", 0.058, instructions.set_sys_para),
        SimulatedInstruction(0x0F, "ReadSysPara", ">", 0.016, instructions.read_sys_para),  # M
        SimulatedInstruction(0x10, "Enroll", ">", 0.560, automatic.enroll),
        SimulatedInstruction(0x11, "Identify", ">", 0.540, automatic.identify),
        SimulatedInstruction(0x12, "SetPwd", ">I", 0.058, instructions.set_password),
        SimulatedInstruction(VERIFY_PASSWORD, "VfyPwd", ">I", 0.012, instructions.verify_password),
        SimulatedInstruction(0x14, "GetRandomCode", ">", 0.012, instructions.random),
        SimulatedInstruction(0x15, "SetAddr", ">I", 0.058, instructions.set_address),
        SimulatedInstruction(0x16, "ReadINFpage", ">", 0.016, instructions.information_page),
        SimulatedInstruction(0x17, "PortControl", ">B", 0.012, instructions.port_control),
        SimulatedInstruction(0x18, "WriteNotepad", ">B32s", 0.058, instructions.write_notepad),
        SimulatedInstruction(0x19, "ReadNotepad", ">B", 0.016, instructions.read_notepad),
        SimulatedInstruction(0x1B, "HighSpeedSearch", ">BHH", 0.047, instructions.search),
        SimulatedInstruction(0x1C, "GenBinImage", ">B", 0.190, instructions.acknowledge),
        SimulatedInstruction(0x1D, "TemplateCount", ">", 0.012, instructions.template_count),  # M
        SimulatedInstruction(0x1E, "UserGPIO", ">B", 0.012, instructions.acknowledge),
        SimulatedInstruction(0x1F, "ReadIndexTable", ">B", 0.016, instructions.read_index_table),
        SimulatedInstruction(0x28, "GetImageEx", ">", 0.190, instructions.gen_img),
        SimulatedInstruction(0x30, "Cancel", ">", 0.012, instructions.acknowledge),
        SimulatedInstruction(0x31, "AutoEnroll", ">5B", 0.0, automatic.auto_enroll),
        SimulatedInstruction(0x32, "AutoIdentify", ">5B", 0.0, automatic.auto_identify),
        SimulatedInstruction(0x33, "Sleep", ">", 0.012, instructions.sleep),
        SimulatedInstruction(0x35, "AuraLedConfig", ">4B", 0.012, instructions.acknowledge),
        SimulatedInstruction(0x36, "CheckSensor", ">", 0.012, instructions.acknowledge),
        SimulatedInstruction(0x39, "GetAlgVer", ">", 0.016, instructions.version),
        SimulatedInstruction(0x3A, "GetFwVer", ">", 0.016, instructions.version),
        SimulatedInstruction(0x3C, "ReadProductInfo", ">", 0.016, instructions.product_info),
        SimulatedInstruction(0x3D, "SoftReset", ">", 0.012, instructions.soft_reset),
        SimulatedInstruction(0x40, "Handshake", ">", 0.012, instructions.acknowledge),
        SimulatedInstruction(0x50, "OpenLed", ">", 0.012, instructions.acknowledge),
        SimulatedInstruction(0x51, "CloseLed", ">", 0.012, instructions.acknowledge),
        SimulatedInstruction(0x52, "GetImageFree", ">", 0.190, instructions.gen_img),
        SimulatedInstruction(0x53, "GetEcho", ">", 0.012, instructions.echo),
    )
}


def execute(module: SimulatedModule, data: bytes) -> Answer:
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
