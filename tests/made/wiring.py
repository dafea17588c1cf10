"""The wiring drawings: ``docs/pictures/wiring/NAME.LANGUAGE.svg``, one sheet of A5 each.

The pins are the defaults of the settings or, where those are "none", EXAMPLES; what a sensor's plug
has stands in SENSORS. ``tests/test_wiring.py`` holds them against the settings, gpiozero's header
and the technician's pages.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from msgspec import Struct

from edge_agent.contract.language import LANGUAGES
from edge_agent.gate.settings.schema import PanelSettings, SensorSettings

from .drawing import WIDTH, Kind, Point, Sheet

FOLDER = "docs/pictures/wiring"

EXAMPLES = {
    "touch_pin": 4,
    "power_pin": 25,
    "tamper_pin": 24,
    "key_in": 5,
    "key_out": 6,
    "lamp_in": 12,
    "lamp_out": 13,
}
"""What the pages take for pins that are "none" until somebody names one (BCM)."""

RX, TX = 15, 14
"""The sensor's line at the header (BCM)."""

SUPPLY = {1: "3.3 V", 17: "3.3 V", 2: "5 V", 4: "5 V"}
GROUND = (6, 9, 14, 20, 25, 30, 34, 39)
GPIO = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9,
    22: 25, 23: 11, 24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16,
    37: 26, 38: 20, 40: 21,
}  # fmt: skip
"""Pin of the header → BCM."""


def bcm(key: str) -> int:
    """The BCM pin of a setting of [panel] or [sensor]."""
    section = PanelSettings() if hasattr(PanelSettings(), key) else SensorSettings()
    pin = getattr(section, key)
    return pin if isinstance(pin, int) else EXAMPLES[key]


def pin_of(number: int) -> int:
    """Where a BCM pin is on the header."""
    return next(pin for pin, gpio in GPIO.items() if gpio == number)


class Words(Struct, frozen=True):
    """The same in both languages, by their order."""

    en: str
    vi: str

    def __getitem__(self, language: str) -> str:
        return self.en if language == "en" else self.vi


Text = Words | str


def said(text: Text, language: str) -> str:
    """A text that may be the same in both."""
    return text if isinstance(text, str) else text[language]


class Plug(Struct, frozen=True):
    """One pin of a sensor's plug: what is printed, a colour that is often met, where it leads."""

    printed: str
    colour: Words | None
    pin: int | None


RED, BLACK, YELLOW = Words("red", "đỏ"), Words("black", "đen"), Words("yellow", "vàng")
GREEN, BLUE, WHITE = (
    Words("green", "xanh lá"),
    Words("blue", "xanh dương"),
    Words("white", "trắng"),
)
BROWN = Words("brown or green", "nâu hoặc xanh lá")

_LINE = {"out": pin_of(RX), "in": pin_of(TX)}
_FELT = pin_of(EXAMPLES["touch_pin"])


class Sensor(Struct, frozen=True):
    """A module: its plug from pin 1 on, what is set for it, what is to be known."""

    title: Words
    plug: tuple[Plug, ...]
    settings: tuple[str, ...]
    notes: tuple[Words, ...]


_LABEL = Words(
    "Go by number and print, not by colour: sellers use the same colours in another order.",
    "Theo số chân và chữ in, đừng theo màu: người bán dùng cùng màu nhưng thứ tự khác.",
)
_SHORT = Words(
    "Power off first. Wires of 30 cm at most, twisted. TX goes to RX, RX to TX.",
    "Ngắt điện trước. Dây dài nhất 30 cm, xoắn lại. TX nối với RX, RX nối với TX.",
)

SENSORS = {
    "r307": Sensor(
        Words("R307, R307S: wired to the header", "R307, R307S: nối vào hàng chân"),
        (
            Plug("5V", RED, 2),
            Plug("GND", BLACK, 6),
            Plug("TXD", YELLOW, _LINE["out"]),
            Plug("RXD", GREEN, _LINE["in"]),
            Plug("Touch", BLUE, _FELT),
            Plug("3.3V", WHITE, 1),
        ),
        ("[sensor]", f"touch_pin = {EXAMPLES['touch_pin']}", 'touch_active = "low"'),
        (
            _LABEL,
            _SHORT,
            Words(
                "Before the first connection measure TXD against GND, the sensor alone on 5 V: "
                "about 3.3 V is right. Clearly above: 1 kΩ from TXD to the Pi, 2 kΩ from there to "
                "GND.",
                "Trước khi nối lần đầu: cấp 5 V riêng cho máy quét, đo TXD với GND: khoảng 3,3 "
                "V là đúng. Cao hơn rõ: 1 kΩ từ TXD tới Pi, 2 kΩ từ đó xuống GND.",
            ),
            Words(
                "5 and 6 belong together (touch output) and may stay free: then no touch_pin.",
                "5 và 6 đi cùng nhau (báo chạm), có thể bỏ: khi đó không ghi touch_pin.",
            ),
        ),
    ),
    "as608": Sensor(
        Words("AS608: wired to the header", "AS608: nối vào hàng chân"),
        (
            Plug("V+ / Vi", RED, 1),
            Plug("TX", YELLOW, _LINE["out"]),
            Plug("RX", WHITE, _LINE["in"]),
            Plug("GND", BLACK, 6),
            Plug("TCH / WAK", None, _FELT),
            Plug("VA / Vt / UA", None, 17),
            Plug("D+ / U+", None, None),
            Plug("D− / U−", None, None),
        ),
        ("[sensor]", f"touch_pin = {EXAMPLES['touch_pin']}", 'touch_active = "high"'),
        (
            _LABEL,
            Words(
                "Others have six pins in another order (touch supply first, GND last). Only the "
                "print on the module, or its seller's sheet, counts.",
                "Có loại sáu chân theo thứ tự khác (nguồn báo chạm ở đầu, GND ở cuối). Chỉ tin "
                "chữ in trên máy quét hoặc tờ của người bán.",
            ),
            Words(
                "3.3 V. The 5 V that some bear destroys the others. If it feels nothing: "
                "touch_sleep = true.",
                "3,3 V. Loại này chịu được 5 V, loại khác thì hỏng. Chạm mà không báo: "
                "touch_sleep = true.",
            ),
            _SHORT,
        ),
    ),
    "r503": Sensor(
        Words("R503: wired to the header", "R503: nối vào hàng chân"),
        (
            Plug("3.3V", RED, 1),
            Plug("GND", BLACK, 6),
            Plug("TXD", YELLOW, _LINE["out"]),
            Plug("RXD", BROWN, _LINE["in"]),
            Plug("WAKEUP", BLUE, _FELT),
            Plug("3.3VT", WHITE, 17),
        ),
        ("[sensor]", f"touch_pin = {EXAMPLES['touch_pin']}", 'touch_active = "low"'),
        (
            _LABEL,
            _SHORT,
            Words(
                "Supply is 3.3 V, never 5 V, unless its label says 5 V. 200 prints on most.",
                "Nguồn 3,3 V, không bao giờ 5 V, trừ khi nhãn ghi 5 V. Phần lớn chứa 200 mẫu.",
            ),
            Words(
                "5 and 6 belong together (touch output) and may stay free: then no touch_pin.",
                "5 và 6 đi cùng nhau (báo chạm), có thể bỏ: khi đó không ghi touch_pin.",
            ),
        ),
    ),
}

HEADER = Words("Raspberry Pi, 40 pins", "Raspberry Pi, 40 chân")
SQUARE = Words("Pin 1: square pad, at the card's end.", "Chân 1: ô vuông, phía thẻ nhớ.")
EDGE = Words("Even numbers: at the board's edge.", "Số chẵn: sát mép bo mạch.")


def label_of(pin: int, language: str) -> str:
    """What a pin of the header is."""
    if pin in SUPPLY:
        return _number(SUPPLY[pin], language)
    return "GND" if pin in GROUND else f"GPIO{GPIO[pin]}"


def kind_of(pin: int) -> Kind:
    """Which stroke its wire has."""
    return "supply" if pin in SUPPLY else "ground" if pin in GROUND else "signal"


def _number(text: str, language: str) -> str:
    return text.replace(".", ",") if language == "vi" else text


def _pin(pin: int, language: str) -> str:
    return f"{'pin' if language == 'en' else 'chân'} {pin} · {label_of(pin, language)}"


def _with_header(title: Text, language: str, ends: list[tuple[int, Point]]) -> Sheet:
    """A sheet whose header has a wire to each of these points, and its name above that end."""
    sheet = Sheet(said(title, language))
    used = {pin: label_of(pin, language) for pin, _ in ends}
    words = [HEADER[language], SQUARE[language], EDGE[language]]
    sheet.header([(pin, end, kind_of(pin)) for pin, end in ends], used, words)
    return sheet


# One drawing each.

_PLUG_X = 478


def _sensor(name: str, language: str) -> Sheet:
    sensor = SENSORS[name]
    pitch = 46 if len(sensor.plug) <= 6 else 34.5
    rows = [(plug, 92 + pitch * row) for row, plug in enumerate(sensor.plug)]
    sheet = _with_header(
        sensor.title, language, [(plug.pin, (_PLUG_X, y)) for plug, y in rows if plug.pin]
    )
    height = pitch * (len(rows) - 1) + 44
    sheet.box((_PLUG_X - 8, 70), (WIDTH_OF_PLUG, height), round_=8)
    for number, (plug, y) in enumerate(rows, start=1):
        sheet.box((_PLUG_X, y - 11), (22, 22))
        sheet.text((_PLUG_X + 11, y + 4), str(number), 12, anchor="middle", bold=True)
        colour = plug.colour
        often = Words("often", "thường")[language]
        sheet.text((_PLUG_X + 32, y + (5 if colour is None else 0)), plug.printed, 14, bold=True)
        if colour is not None:
            sheet.text((_PLUG_X + 32, y + 13), f"{often} {colour[language]}", 11)
        if plug.pin:
            sheet.text((_PLUG_X - 14, y - 6), _pin(plug.pin, language), 11, anchor="end")
        else:
            free = Words("stays free", "để trống")[language]
            sheet.text((_PLUG_X - 14, y + 4), free, 11, anchor="end")
    _glass(sheet, (742, 140), language)
    sheet.paragraphs((330, 96 + height), 490, [one[language] for one in sensor.notes])
    sheet.typed((630, 62 + height - 70), sensor.settings)
    return sheet


WIDTH_OF_PLUG = 346


def _glass(sheet: Sheet, middle: Point, language: str) -> None:
    x, y = middle
    sheet.box((x - 48, y - 58), (96, 116), round_=14)
    sheet.rounds((x, y - 4))
    sheet.text((x, y + 50), Words("glass", "mặt kính")[language], 11, anchor="middle")


LAMPS = {
    "green": Words("GREEN", "XANH"),
    "amber": Words("AMBER", "VÀNG"),
    "red": Words("RED", "ĐỎ"),
}


def _lamps(language: str) -> Sheet:
    ends = [(pin_of(bcm(key)), (430.0, 100.0 + 62 * row)) for row, key in enumerate(LAMPS)]
    buzzer, five, ground = (pin_of(bcm("buzzer")), 420.0), (4, 286.0), (14, 500.0)
    sheet = _with_header(
        Words("Lamps and buzzer", "Đèn và còi"),
        language,
        [
            *ends,
            (five[0], (640, five[1])),
            (buzzer[0], (470, buzzer[1])),
            (ground[0], (790, ground[1])),
        ],
    )
    for (pin, (x, y)), (key, name) in zip(ends, LAMPS.items(), strict=True):
        sheet.text((x - 6, y - 7), f"{_pin(pin, language)}", 11, anchor="end")
        sheet.wire([(x, y), (790, y)], "signal")
        sheet.resistor((x + 70, y), "330 Ω")
        sheet.led((x + 180, y))
        sheet.text((x + 152, y - 8), "+", 14, bold=True, anchor="end")
        sheet.text((x + 216, y - 8), f"{name[language]}", 13, bold=True)
        sheet.text((x + 216, y + 16), f"[panel] {key} = {bcm(key)}", 11)
    sheet.wire([(790, 100), (790, ground[1])], "ground")
    for y in (162, 224, 470):
        sheet.dot((790, y))
    sheet.text((640, five[1] - 7), _pin(five[0], language), 11, anchor="end")
    sheet.text((470, buzzer[1] - 7), _pin(buzzer[0], language), 11, anchor="end")
    sheet.text((470, ground[1] - 7), _pin(ground[0], language), 11, anchor="end")
    base, collector, emitter = sheet.npn((631, buzzer[1]), "BC337")
    sheet.wire([(470, buzzer[1]), base], "signal")
    sheet.resistor((530, buzzer[1]), "1 kΩ")
    sheet.wire([(640, five[1]), (640, 306)], "supply")
    sheet.box((604, 306), (72, 56), round_=6)
    sheet.text((640, 339), Words("BUZZER", "CÒI")[language], 12, anchor="middle", bold=True)
    sheet.text((631, 321), "+", 13, anchor="end", bold=True)
    sheet.text((631, 358), "−", 13, anchor="end", bold=True)
    sheet.wire([(640, 362), collector], "signal")
    sheet.wire([emitter, (640, 470), (790, 470)], "ground")
    sheet.wire([(640, 372), (712, 372), (712, 296), (640, 296)], "signal")
    sheet.diode((712, 334))
    sheet.text((727, 338), "1N4148", 11)
    sheet.dot((640, 372))
    sheet.dot((640, 296))
    sheet.text((500, 448), f"[panel] buzzer = {bcm('buzzer')}", 11)
    sheet.paragraphs(
        (330, 528),
        490,
        [
            Words(
                "LED: the long leg is +. A pin bears one LED with 330 Ω and nothing else.",
                "LED: chân dài là +. Một chân chỉ chịu một LED với 330 Ω, không hơn.",
            )[language],
            Words(
                "The diode (ring to +) is for a magnetic buzzer; a piezo one needs none. BC337: "
                "see its sheet for which leg is which.",
                "Đi-ốt (vạch về +) dành cho còi từ; còi gốm thì không cần. BC337: xem tờ của "
                "hãng để biết chân nào.",
            )[language],
        ],
    )
    return sheet


def _bigger(language: str) -> Sheet:
    green, ground = pin_of(bcm("green")), 14
    sheet = _with_header(
        Words("A 12 V lamp or a relay instead of an LED", "Đèn 12 V hoặc rơ le thay cho LED"),
        language,
        [(green, (400, 218.5)), (ground, (400, 380))],
    )
    sheet.text((400, 213), _pin(green, language), 11, anchor="end")
    sheet.text((400, 373), _pin(ground, language), 11, anchor="end")
    sheet.wire([(400, 380), (740, 380)], "ground")
    for x in (560, 740):
        base, collector, emitter = sheet.npn((x - 9, 218.5), "BC337")
        if x == 560:
            sheet.wire([(400, 218.5), base], "signal")
            sheet.resistor((460, 218.5), "1 kΩ")
        else:
            sheet.wire([(678, 218.5), base], "signal")
            sheet.text((674, 222), "…", 14, anchor="end")
        sheet.wire([(x, 100), collector], "supply")
        sheet.wire([emitter, (x, 380)], "ground")
        sheet.dot((x, 380))
    sheet.lamp((560, 148))
    sheet.text((534, 152), Words("12 V lamp", "đèn 12 V")[language], 12, anchor="end", bold=True)
    sheet.wire([(740, 116), (792, 116), (792, 182), (740, 182)], "signal")
    sheet.diode((792, 150))
    sheet.text((792, 104), "1N4007", 11, anchor="middle")
    sheet.box((720, 132), (40, 34))
    sheet.line([(726, 160), (754, 138)], 1.5)
    sheet.text((714, 152), Words("relay", "rơ le")[language], 12, anchor="end", bold=True)
    sheet.dot((740, 116))
    sheet.dot((740, 182))
    sheet.wire([(420, 86), (740, 86), (740, 100)], "supply")
    sheet.wire([(560, 86), (560, 100)], "supply")
    sheet.dot((560, 86))
    for y, name in ((86, "12 V +"), (420, "12 V −")):
        sheet.dot((420, y), 6, hollow=True)
        sheet.text((408, y + 4), name, 12, anchor="end", bold=True)
    sheet.wire([(426, 420), (500, 420), (500, 380)], "ground")
    sheet.dot((500, 380))
    sheet.paragraphs(
        (330, 460),
        490,
        [
            Words(
                "The same for amber, red and the buzzer: a transistor and 1 kΩ each.",
                "Vàng, đỏ và còi cũng vậy: mỗi cái một transistor và 1 kΩ.",
            )[language],
            Words(
                "The 12 V supply's minus and the Pi's GND are joined. 12 V touches no pin of "
                "the Pi.",
                "Nối chung cực âm 12 V với GND của Pi. Không để 12 V chạm vào chân nào của Pi.",
            )[language],
            Words(
                "Up to 0.1 A in this way. For more: a logic-level MOSFET (IRLZ44N), its gate where "
                "B is.",
                "Như hình chịu đến 0,1 A. Lớn hơn: MOSFET mức logic (IRLZ44N), cực G thay cho B.",
            )[language],
        ],
    )
    return sheet


def _keys(language: str) -> Sheet:
    key_in, key_out = pin_of(bcm("key_in")), pin_of(bcm("key_out"))
    lamp_in, lamp_out = pin_of(bcm("lamp_in")), pin_of(bcm("lamp_out"))
    tamper, near, far = pin_of(bcm("tamper_pin")), 20, 34
    ends: list[tuple[int, Point]] = [
        (tamper, (450, 96)),
        (near, (690, 150)),
        (key_in, (450, 226)),
        (key_out, (450, 288)),
        (lamp_in, (450, 350)),
        (lamp_out, (450, 412)),
        (far, (790, 460)),
    ]
    sheet = _with_header(
        Words("Case contact; keys for in and out", "Công tắc vỏ; phím VÀO và RA"), language, ends
    )
    for pin, (x, y) in ends:
        sheet.text((min(x, 450) - 6, y - 7), _pin(pin, language), 11, anchor="end")
    sheet.wire([(450, 96), (690, 96), (690, 150)], "signal")
    sheet.switch((540, 96), closed=True)
    sheet.text((580, 88), Words("case contact", "công tắc vỏ")[language], 13, bold=True)
    sheet.text((500, 118), Words("closed while the case is shut", "đóng khi vỏ đậy")[language], 11)
    sheet.text((500, 134), f"[panel] tamper_pin = {bcm('tamper_pin')}", 11)
    for y, key, name in (
        (226, "key_in", Words("IN", "VÀO")),
        (288, "key_out", Words("OUT", "RA")),
    ):
        sheet.wire([(450, y), (790, y)], "signal")
        sheet.switch((540, y), closed=False)
        sheet.text((590, y - 8), name[language], 13, bold=True)
        sheet.text((590, y + 16), f"[panel] {key} = {bcm(key)}", 11)
    for y, key, name in (
        (350, "lamp_in", Words("lamp IN", "đèn VÀO")),
        (412, "lamp_out", Words("lamp OUT", "đèn RA")),
    ):
        sheet.wire([(450, y), (790, y)], "signal")
        sheet.resistor((500, y), "330 Ω")
        sheet.led((570, y))
        sheet.text((604, y - 8), name[language], 13, bold=True)
        sheet.text((604, y + 16), f"[panel] {key} = {bcm(key)}", 11)
    sheet.wire([(790, 226), (790, 460)], "ground")
    for y in (288, 350, 412):
        sheet.dot((790, y))
    sheet.paragraphs(
        (330, 496),
        490,
        [
            Words(
                "No resistor at a key or contact: the Pi's own holds the pin high.",
                "Phím và công tắc không cần điện trở: Pi tự giữ chân ở mức cao.",
            )[language],
            Words(
                "Only for gates that want them. Any free pin will do; write down which.",
                "Chỉ khi cổng cần. Chân trống nào cũng được; nhớ ghi vào cài đặt.",
            )[language],
            Words(
                'Keys: [punch] direction = "keys". Contact: tamper_active = "high", so that a cut '
                "wire tells as well.",
                'Phím: [punch] direction = "keys". Công tắc: tamper_active = "high", đứt dây cũng '
                "báo.",
            )[language],
        ],
    )
    return sheet


def _supply_switch(language: str) -> Sheet:
    power, ground = pin_of(bcm("power_pin")), 25
    sheet = _with_header(
        Words("Switching the sensor's supply", "Bật tắt nguồn của máy quét"),
        language,
        [(2, (450, 92)), (power, (420, 260)), (ground, (420, 379.5)), (pin_of(TX), (420, 430))],
    )
    for x, y, pin in (
        (450, 92, 2),
        (420, 260, power),
        (420, 379.5, ground),
        (420, 430, pin_of(TX)),
    ):
        sheet.text((x - 4, y - 7), _pin(pin, language), 11, anchor="end")
    base, collector, emitter = sheet.npn((551, 260), "BC337")
    sheet.wire([(420, 260), base], "signal")
    sheet.resistor((475, 260), "1 kΩ")
    sheet.wire([(450, 92), (630, 92)], "supply")
    sheet.wire([emitter, (560, 379.5)], "ground")
    sheet.wire([(420, 379.5), (726, 379.5)], "ground")
    sheet.dot((560, 379.5))
    sheet.wire([collector, (560, 190), (668, 190), (668, 130)], "signal")
    sheet.wire([(560, 190), (560, 92)], "signal")
    sheet.resistor((560, 140), "10 kΩ", upright=True)
    sheet.dot((560, 92))
    sheet.dot((560, 190))
    sheet.box((630, 66), (76, 64), round_=6)
    sheet.text((668, 86), "P-MOSFET", 11, anchor="middle", bold=True)
    sheet.text((636, 106), "S", 12, bold=True)
    sheet.text((700, 106), "D", 12, bold=True, anchor="end")
    sheet.text((668, 125), "G", 12, bold=True, anchor="middle")
    sensor = Words("SENSOR", "MÁY QUÉT")[language]
    sheet.box((726, 210), (100, 236), round_=8)
    sheet.text((776, 320), sensor, 12, anchor="middle", bold=True)
    sheet.text((776, 230), Words("supply", "nguồn")[language], 12, anchor="middle")
    for y, name in ((379.5, "GND"), (430, "RXD")):
        sheet.text((736, y + 4), name, 12)
    sheet.wire([(706, 92), (790, 92), (790, 210)], "supply")
    sheet.wire([(420, 430), (726, 430)], "signal")
    sheet.resistor((560, 430), "1 kΩ")
    lower = sheet.paragraphs(
        (330, 474),
        490,
        [
            Words(
                "R307: from 5 V (pin 2), as drawn. AS608, R503: the same from 3.3 V (pin 1). "
                "P-MOSFET for 3.3 V at the gate, such as AO3401.",
                "R307: từ 5 V (chân 2) như hình. AS608, R503: y như vậy từ 3,3 V (chân 1). "
                "P-MOSFET mở được ở 3,3 V, ví dụ AO3401.",
            )[language],
            Words(
                "1 kΩ into RXD: or the sensor is fed through it while it is off.",
                "1 kΩ vào RXD: nếu không, máy quét lấy điện qua đó khi đã tắt.",
            )[language],
        ],
    )
    sheet.typed(
        (344, lower - 4), ("[sensor]", f"power_pin = {bcm('power_pin')}", 'power_active = "high"')
    )
    return sheet


CLOCK = (("+", 1), ("D", 3), ("C", 5), ("−", 9))
"""A DS3231 module as it is sold for a Pi: its print, its pin of the header."""


def _clock(language: str) -> Sheet:
    rows: list[tuple[str, int, float]] = [
        (printed, pin, 103.5 + 46 * row) for row, (printed, pin) in enumerate(CLOCK)
    ]
    sheet = _with_header(
        Words("A clock with a battery (DS3231)", "Đồng hồ chạy pin (DS3231)"),
        language,
        [(pin, (_PLUG_X, y)) for _, pin, y in rows],
    )
    sheet.box((_PLUG_X - 8, 76), (WIDTH_OF_PLUG, 194), round_=8)
    meaning = {"+": "VCC", "D": "SDA", "C": "SCL", "−": "GND"}
    for printed, pin, y in rows:
        sheet.box((_PLUG_X, y - 11), (22, 22))
        sheet.text((_PLUG_X + 11, y + 4), printed, 12, anchor="middle", bold=True)
        sheet.text((_PLUG_X + 32, y + 5), meaning[printed], 14, bold=True)
        sheet.text((_PLUG_X - 14, y - 6), _pin(pin, language), 11, anchor="end")
    sheet.dot((720, 173), 52, hollow=True)
    sheet.dot((720, 173), 40, hollow=True)
    sheet.text((720, 177), "CR2032", 12, anchor="middle", bold=True)
    lower = sheet.paragraphs(
        (330, 300),
        490,
        [
            Words(
                "Small modules with a socket of five sit right on pins 1, 3, 5, 7, 9. They "
                "cover pin 7 (GPIO4): then the touch output needs another pin than touch_pin = "
                f"{EXAMPLES['touch_pin']}.",
                "Loại nhỏ có ổ năm chân cắm thẳng vào chân 1, 3, 5, 7, 9. Nó che chân 7 "
                f"(GPIO4): khi đó chân báo chạm phải khác touch_pin = {EXAMPLES['touch_pin']}.",
            )[language],
            Words(
                "At 3.3 V, not 5 V: many modules would charge a CR2032 at 5 V, and it may burst.",
                "Dùng 3,3 V, không dùng 5 V: ở 5 V nhiều loại nạp vào pin CR2032, pin có thể nổ.",
            )[language],
            Words(
                "Pi 5: it has a clock of its own; only the battery is missing (plug BAT beside "
                "the USB-C socket, Raspberry Pi's own battery).",
                "Pi 5: có sẵn đồng hồ, chỉ thiếu pin (ổ BAT cạnh cổng USB-C, dùng pin của hãng "
                "Raspberry Pi).",
            )[language],
            Words(
                "Into /boot/firmware/config.txt, then restart:",
                "Ghi vào /boot/firmware/config.txt, rồi khởi động lại:",
            )[language],
        ],
    )
    sheet.typed((344, lower), ("dtparam=i2c_arm=on", "dtoverlay=i2c-rtc,ds3231"))
    return sheet


def _power(language: str) -> Sheet:
    sheet = Sheet(Words("Power: 12 V, and 5 V for the Pi", "Nguồn: 12 V, và 5 V cho Pi")[language])
    en = language == "en"

    def part(at: Point, size: Point, name: str, *lines: str) -> None:
        sheet.box(at, size, round_=6)
        x, y = at[0] + size[0] / 2, at[1] + size[1] / 2 - 8 * len(lines) + 5
        sheet.text((x, y), name, 13, anchor="middle", bold=True)
        for number, line in enumerate(lines, start=1):
            sheet.text((x, y + 17 * number), line, 11, anchor="middle")

    sheet.box((30, 76), (776, 336), line=2.2, round_=10)
    sheet.text((44, 96), "case, metal, closed" if en else "vỏ kim loại, có khoá", 12, bold=True)
    sheet.wire([(30, 150), (60, 150)], "signal")
    sheet.text((24, 68), "220 V ~", 12, bold=True)
    sheet.wire([(30, 150), (14, 150), (14, 72)], "signal")
    part(
        (60, 116), (130, 90), "12 V, 3 A",
        "supply" if en else "bộ nguồn", "IP67",
    )  # fmt: skip
    sheet.wire([(190, 140), (448, 140)], "supply")
    sheet.wire([(190, 184), (448, 184)], "ground")
    sheet.text((200, 132), "+", 14, bold=True)
    sheet.text((200, 178), "−", 14, bold=True)
    sheet.box((246, 130), (56, 20), line=1.8)
    sheet.line([(246, 140), (302, 140)], 1.5)
    sheet.text(
        (324, 122),
        "fuse 2 A slow (Pi 5: 3 A)" if en else "cầu chì 2 A chậm (Pi 5: 3 A)",
        11,
        anchor="middle",
    )
    part(
        (448, 112), (140, 100), "12 V → 5.1 V" if en else "12 V → 5,1 V",
        "buck converter" if en else "mạch hạ áp", "3 A (Pi 5: 5 A)",
    )  # fmt: skip
    sheet.wire([(588, 140), (660, 140)], "supply")
    sheet.wire([(588, 184), (660, 184)], "ground")
    sheet.text((624, 132), "5.1 V" if en else "5,1 V", 11, anchor="middle")
    sheet.text((624, 200), "USB", 11, anchor="middle")
    part(
        (660, 112), (136, 100), "Raspberry Pi",
        "3B, Zero 2 W:", "micro-USB", "4B, 5: USB-C",
    )  # fmt: skip
    sheet.wire([(340, 140), (340, 288), (448, 288)], "supply")
    sheet.wire([(386, 184), (386, 330), (448, 330)], "ground")
    sheet.dot((340, 140))
    sheet.dot((386, 184))
    part(
        (448, 262), (140, 94), "12 V",
        "lamps, relay" if en else "đèn, rơ le", "(only if used)" if en else "(nếu có)",
    )  # fmt: skip
    sheet.wire([(100, 206), (100, 452)], "ground")
    for width, y in ((17, 452), (11, 458), (5, 464)):
        sheet.line([(100 - width, y), (100 + width, y)], 2.2)
    sheet.wire([(100, 380), (150, 380)], "ground")
    sheet.dot((100, 380))
    sheet.dot((150, 380), 6, hollow=True)
    sheet.text((162, 384), "case, bare metal" if en else "vỏ, chỗ cạo sạch sơn", 11)
    sheet.text((124, 456), "earth (green-yellow)" if en else "tiếp đất (xanh lá sọc vàng)", 11)
    sheet.paragraphs(
        (44, 494),
        770,
        [
            Words(
                "220 V is an electrician's work. Set the converter to 5.1 V with a meter before "
                "the Pi hangs on it. Feed the Pi at its USB socket, not at the header: there is "
                "no protection behind the header's 5 V pins.",
                "Phần 220 V do thợ điện làm. Chỉnh mạch hạ áp về 5,1 V bằng đồng hồ đo rồi mới "
                "nối Pi. Cấp điện qua cổng USB của Pi, không qua hàng chân: chân 5 V không có "
                "gì bảo vệ.",
            )[language],
            Words(
                "A 12 V battery or UPS stands between supply and fuse. Thick, short wires to "
                "the Pi (0.75 mm²). When doctor tells of undervoltage, this is where to look.",
                "Ắc quy hoặc UPS 12 V đặt giữa bộ nguồn và cầu chì. Dây tới Pi to và ngắn (0,75 "
                "mm²). Khi doctor báo điện yếu thì xem ở đây trước.",
            )[language],
        ],
    )
    return sheet


def _map(language: str) -> Sheet:
    """All forty, and what the gate uses of them."""
    by_default = {pin_of(bcm(key)): f"[panel] {key}" for key in (*LAMPS, "buzzer")}
    by_default |= {
        _LINE["out"]: Words("from the sensor's TX", "từ TX của máy quét")[language],
        _LINE["in"]: Words("to the sensor's RX", "tới RX của máy quét")[language],
    }
    sections = {key: "panel" if hasattr(PanelSettings(), key) else "sensor" for key in EXAMPLES}
    chosen = {pin_of(bcm(key)): f"[{sections[key]}] {key}" for key in EXAMPLES}
    clock = {3: "DS3231 · SDA", 5: "DS3231 · SCL"}
    sheet = Sheet(
        Words("The header, and what the gate uses", "Hàng chân, cổng dùng chân nào")[language]
    )
    sheet.box((393, 66), (54, 19 * 23 + 28), line=1.2, round_=4)
    for pin in range(1, 41):
        right = pin % 2 == 0
        x, y = 433 if right else 407, 80 + (pin - 1) // 2 * 23
        if pin == 1:
            sheet.box((x - 9.5, y - 9.5), (19, 19), dark=pin in by_default)
        elif pin in by_default:
            sheet.dot((x, y), 9.5)
        else:
            sheet.dot((x, y), 9.5, hollow=True)
        dark = pin in by_default
        sheet.text((x, y + 4), str(pin), 10, anchor="middle", bold=dark, white=dark)
        what = by_default.get(pin) or chosen.get(pin) or clock.get(pin) or ""
        anchor: Literal["start", "end"] = "start" if right else "end"
        side = 1 if right else -1
        sheet.text((x + 18 * side, y + 4), label_of(pin, language), 12, anchor=anchor, bold=dark)
        if what:
            sheet.line([(x + 76 * side, y), (x + 96 * side, y)], 1 if not dark else 2.2)
            sheet.text((x + 102 * side, y + 4), what, 12, anchor=anchor, bold=dark)
    sheet.paragraphs(
        (30, 546),
        790,
        [
            Words(
                "Black: the default. With a line: an example; the setting says which pin, and "
                "any free GPIO will do. Pins 27 and 28 are kept for the Pi itself.",
                "Đen: mặc định. Có vạch: ví dụ; cài đặt nói chân nào, GPIO trống nào cũng được. "
                "Chân 27 và 28 dành cho Pi.",
            )[language],
            Words(
                "3.3 V at most at any GPIO. Pin 1 is the square pad, at the card's end.",
                "GPIO nào cũng chỉ chịu 3,3 V. Chân 1 là ô vuông, phía thẻ nhớ.",
            )[language],
        ],
    )
    return sheet


class Socket(Struct, frozen=True):
    """Something at a board's edge: its name, middle and size in millimetres from the upper left."""

    name: Text
    at: Point
    size: Point


class Board(Struct, frozen=True):
    """A Pi: its size in millimetres, where things are, and what is to be done for the sensor."""

    title: str
    size: Point
    header_x: float
    sockets: tuple[Socket, ...]
    port: str
    config: tuple[str, ...]
    notes: tuple[Words, ...]


_MINIUART = ("dtoverlay=miniuart-bt",)
_CARD = Words("card", "thẻ")
_POWER_MICRO = Words("POWER (micro-USB)", "NGUỒN (micro-USB)")
_POWER_C = Words("POWER (USB-C)", "NGUỒN (USB-C)")
_HDMI = "HDMI"
_CONSOLE = Words(
    "raspi-config → Interface Options → Serial Port: login shell No, hardware Yes. Then the line "
    "above into /boot/firmware/config.txt, and restart.",
    "raspi-config → Interface Options → Serial Port: login shell chọn No, hardware chọn Yes. "
    "Ghi dòng trên vào /boot/firmware/config.txt, rồi khởi động lại.",
)
_LED_TO = Words(
    "ls -l /dev/serial0 then shows ttyAMA0: the good UART. ttyS0 there is the mini UART.",
    "ls -l /dev/serial0 phải hiện ttyAMA0: UART tốt. Hiện ttyS0 là mini UART.",
)

BOARDS = {
    "pi-zero-2-w": Board(
        "Raspberry Pi Zero 2 W",
        (65, 30),
        7.1,
        (
            Socket(_CARD, (4, 17), (12, 12)),
            Socket(_HDMI, (12.4, 28), (11, 6)),
            Socket("USB", (41.4, 28.5), (8, 5)),
            Socket(_POWER_MICRO, (54, 28.5), (8, 5)),
        ),
        SensorSettings().port,
        _MINIUART,
        (
            _CONSOLE,
            _LED_TO,
            Words(
                "Without an H in its name the pins have to be soldered in. One USB socket only: "
                "a hub for a card reader beside 4G.",
                "Không có chữ H trong tên thì phải tự hàn hàng chân. Chỉ có một cổng USB: cần "
                "hub khi vừa có đầu đọc thẻ vừa có 4G.",
            ),
            Words("Supply: 5.1 V, 2.5 A.", "Nguồn: 5,1 V, 2,5 A."),
        ),
    ),
    "pi-3b": Board(
        "Raspberry Pi 3B, 3B+",
        (85, 56),
        7.1,
        (
            Socket(_CARD, (4, 28), (12, 14)),
            Socket(_POWER_MICRO, (10.6, 54.5), (8, 6)),
            Socket(_HDMI, (32, 52), (15, 11)),
            Socket("AV", (53.5, 51), (7, 13)),
            Socket("USB", (79, 9), (17, 13)),
            Socket("USB", (79, 27), (17, 13)),
            Socket(Words("network", "mạng"), (77, 45.5), (21, 15)),
        ),
        SensorSettings().port,
        _MINIUART,
        (_CONSOLE, _LED_TO, Words("Supply: 5.1 V, 2.5 A.", "Nguồn: 5,1 V, 2,5 A.")),
    ),
    "pi-4b": Board(
        "Raspberry Pi 4B",
        (85, 56),
        7.1,
        (
            Socket(_CARD, (4, 28), (12, 14)),
            Socket(_POWER_C, (11.2, 54), (9, 7)),
            Socket(_HDMI, (26, 54), (7, 7)),
            Socket(_HDMI, (39.5, 54), (7, 7)),
            Socket("AV", (54, 51), (7, 13)),
            Socket(Words("network", "mạng"), (77, 9.5), (21, 15)),
            Socket("USB", (79, 28), (17, 13)),
            Socket("USB", (79, 46), (17, 13)),
        ),
        SensorSettings().port,
        _MINIUART,
        (
            _CONSOLE,
            _LED_TO,
            Words(
                "Supply: 5.1 V, 3 A. In a closed case in the sun it needs a heat sink.",
                "Nguồn: 5,1 V, 3 A. Trong vỏ kín ngoài nắng phải có tản nhiệt.",
            ),
        ),
    ),
    "pi-5": Board(
        "Raspberry Pi 5",
        (85, 56),
        7.1,
        (
            Socket(_CARD, (4, 28), (12, 14)),
            Socket(_POWER_C, (11.2, 54), (9, 7)),
            Socket("BAT", (18.6, 52), (4, 5)),
            Socket(_HDMI, (25.8, 54), (7, 7)),
            Socket("UART", (32.6, 53), (4, 5)),
            Socket(_HDMI, (39.2, 54), (7, 7)),
            Socket("USB", (79, 9), (17, 13)),
            Socket("USB", (79, 27), (17, 13)),
            Socket(Words("network", "mạng"), (77, 45.5), (21, 15)),
        ),
        "/dev/ttyAMA0",
        ("dtparam=uart0=on",),
        (
            Words(
                "The line above into /boot/firmware/config.txt, restart, and write the port "
                "into the settings. /dev/serial0 is here the small socket UART between the HDMI "
                "ones, not the header.",
                "Ghi dòng trên vào /boot/firmware/config.txt, khởi động lại, rồi ghi cổng vào "
                "cài đặt. Ở đây /dev/serial0 là ổ nhỏ UART giữa hai ổ HDMI, không phải hàng "
                "chân.",
            ),
            Words(
                "It has a clock: only the battery at BAT is missing.",
                "Có sẵn đồng hồ: chỉ thiếu pin ở ổ BAT.",
            ),
            Words(
                "Supply: 5.1 V, 5 A. With 3 A it runs, but gives its USB sockets 0.6 A only. "
                "Needs a heat sink or a fan.",
                "Nguồn: 5,1 V, 5 A. Với 3 A vẫn chạy, nhưng các cổng USB chỉ được 0,6 A. Phải "
                "có tản nhiệt hoặc quạt.",
            ),
        ),
    ),
}

_SCALE = 4.6
"""Units for each millimetre of a board: half as large again as on A5, of its true size on A4."""


def _board(name: str, language: str) -> Sheet:
    board = BOARDS[name]
    sheet = Sheet(board.title)
    left, top = 40, 96
    wide, high = board.size[0] * _SCALE, board.size[1] * _SCALE
    sheet.box((left, top), (wide, high), line=2.2, round_=12)
    for socket in board.sockets:
        size = socket.size[0] * _SCALE, socket.size[1] * _SCALE
        x, y = left + socket.at[0] * _SCALE, top + socket.at[1] * _SCALE
        sheet.box((x - size[0] / 2, y - size[1] / 2), size, line=1.4)
        name_ = said(socket.name, language)
        if socket.at[1] > board.size[1] - 6:
            below = 22 + 15 * _level(board, socket)
            sheet.line([(x, y + size[1] / 2), (x, top + high + below - 11)], 0.8)
            sheet.text((x, top + high + below), name_, 11, anchor="middle")
        else:
            sheet.text((x, y + 4), name_, 11, anchor="middle")
    for pin in range(1, 41):
        x = left + (board.header_x + 1.25 + (pin - 1) // 2 * 2.54) * _SCALE
        y = top + (4.8 if pin % 2 else 2.26) * _SCALE
        sheet.dot((x, y), 3.6, hollow=pin not in (_LINE["in"], _LINE["out"], 1))
    first = left + (board.header_x + 1.25) * _SCALE
    last = first + 19 * 2.54 * _SCALE
    sheet.text((first, top + 42), "1", 11, anchor="middle", bold=True)
    sheet.text((first, top - 8), "2", 11, anchor="middle", bold=True)
    sheet.text((last, top + 42), "39", 11, anchor="middle", bold=True)
    sheet.text((last, top - 8), "40", 11, anchor="middle", bold=True)
    middle = first + 3.5 * 2.54 * _SCALE
    sheet.text((middle + 2, top - 8), "8 10", 11, anchor="middle", bold=True)
    sheet.text(
        ((first + last) / 2 + 30, top - 24),
        Words("header: the same on every Pi", "hàng chân: Pi nào cũng vậy")[language],
        11,
        anchor="middle",
    )
    sheet.text((left + wide / 2, top + high / 2 + 8), board.title, 15, anchor="middle", bold=True)
    right = 470
    y = sheet.typed((right, 96), ("# /boot/firmware/config.txt", *board.config))
    y = sheet.typed((right, y + 14), ("# edge-agent.toml", "[sensor]", f'port = "{board.port}"'))
    sheet.paragraphs((right, y + 30), WIDTH - right - 24, [one[language] for one in board.notes])
    sheet.paragraphs(
        (40, top + high + 96),
        390,
        [
            Words(
                "Black on the header: pin 1, and the sensor's line, 8 (TXD) and 10 (RXD).",
                "Chân đen: chân 1, và đường của máy quét: 8 (TXD) và 10 (RXD).",
            )[language],
            Words(
                "On Debian instead of Raspberry Pi OS the header may have no port: a USB adapter "
                "serves there.",
                "Dùng Debian thay cho Raspberry Pi OS thì hàng chân có thể không có cổng: hãy "
                "dùng bộ chuyển USB.",
            )[language],
        ],
    )
    return sheet


def _level(board: Board, socket: Socket) -> int:
    """Names at the lower edge stand at two levels by turns, the supply's below them."""
    if socket.name in (_POWER_C, _POWER_MICRO):
        return 2
    lower = sorted(one.at[0] for one in board.sockets if one.at[1] > board.size[1] - 6)
    return lower.index(socket.at[0]) % 2


def _drawn(draw: Callable[[str], Sheet], language: str) -> str:
    return str(draw(language))


DRAWINGS: dict[str, Callable[[str], Sheet]] = {
    "header": _map,
    **{name: partial(_board, name) for name in BOARDS},
    **{name: partial(_sensor, name) for name in SENSORS},
    "lamps": _lamps,
    "12-volts": _bigger,
    "keys-and-contact": _keys,
    "sensor-supply": _supply_switch,
    "clock": _clock,
    "power": _power,
}


DRAWN: dict[str, Callable[[], str]] = {
    f"{FOLDER}/{name}.{language}.svg": partial(_drawn, draw, language)
    for name, draw in DRAWINGS.items()
    for language in LANGUAGES
}
