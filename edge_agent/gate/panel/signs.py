"""What each outcome looks and sounds like, what it means, and what to do: one table.

A worker does not read a manual: green is recorded, red is not, amber is wait or do something, and
nothing lit means nothing recorded. Each sign has a rhythm of its own, by which it is known with
eyes closed or without telling colours apart; a passive buzzer adds the pitch. docs/worker.md shows
the same table, and a test holds them together.
"""

from msgspec import Struct

from ...contract.facts import Direction
from ..events import Outcome
from ..rules import Hint


class Pulse(Struct, frozen=True):
    """On for ``on_s`` seconds, then off for ``off_s``; ``pitch`` is a note of a passive buzzer."""

    on_s: float
    off_s: float
    pitch: str = ""


Rhythm = tuple[Pulse, ...]


class Words(Struct, frozen=True):
    """A line of the workers' table in one language: what is seen and heard, what it means, and
    what to do."""

    seen: str
    heard: str
    meaning: str
    advice: str


class Sign(Struct, frozen=True):
    """``rhythms`` are those of lamps and buzzer, by name; all begin together.

    ``standing``: over and over while nobody touches, until it is taken away.
    """

    rhythms: dict[str, Rhythm]
    vi: Words
    en: Words
    standing: bool = False

    @property
    def lasts_s(self) -> float:
        """Seconds until its last lamp is dark; of a standing one, those of one round."""
        return max(sum(p.on_s + p.off_s for p in rhythm) for rhythm in self.rhythms.values())


def _times(count: int, on_s: float, off_s: float, pitch: str = "") -> Rhythm:
    return (Pulse(on_s, off_s, pitch),) * count


def _sound(morse: str, *pitches: str) -> Rhythm:
    """A short tone for each ``.``, a longer one for each ``-``; the last pitch goes on."""
    notes = [*pitches, *pitches[-1:] * len(morse)]
    return tuple(
        Pulse(0.08 if sign == "." else 0.35, 0.12, note)
        for sign, note in zip(morse, notes, strict=False)
    )


_HIGH, _MIDDLE, _LOW = "A5", "E5", "A4"

TOUCHED = Sign(
    {"amber": _times(1, 10.0, 0.0)},  # It goes out by itself should the answer never come.
    Words("vàng sáng liên tục", "–", "Máy đang đọc.", "Giữ yên ngón tay."),
    Words("yellow stays on", "–", "It is reading.", "Keep the finger still."),
)
RECORDED = Sign(
    {"green": _times(1, 1.2, 0.0), "buzzer": _sound(".", _HIGH)},
    Words("xanh, một lần dài", "một tiếng ngắn", "**Đã chấm công.**", "Mời đi."),
    Words("green, once and long", "one short tone", "**Recorded.**", "Go."),
)
RECORDED_IN = Sign(
    {"green": (Pulse(0.25, 0.15), Pulse(0.8, 0.0)), "buzzer": _sound(".-", _MIDDLE, _HIGH)},
    Words("xanh ngắn rồi dài", "ngắn rồi dài, lên cao", "**Đã chấm công VÀO.**", "Mời vào."),
    Words("green short, then long", "short, then long, rising", "**Recorded: IN.**", "Come in."),
)
RECORDED_OUT = Sign(
    {"green": (Pulse(0.8, 0.15), Pulse(0.25, 0.0)), "buzzer": _sound("-.", _HIGH, _MIDDLE)},
    Words("xanh dài rồi ngắn", "dài rồi ngắn, xuống thấp", "**Đã chấm công RA.**", "Mời ra."),
    Words("green long, then short", "long, then short, falling", "**Recorded: OUT.**", "Go."),
)
OFFLINE = Sign(
    {"green": _times(1, 1.2, 0.0), "amber": _times(4, 0.15, 0.15), "buzzer": _sound(".", _HIGH)},
    Words(
        "xanh như trên, thêm vàng nháy nhanh",
        "như trên",
        "**Đã chấm công.** Mất mạng; kế toán nhận sau.",
        "Mời đi. Không mất công.",
    ),
    Words(
        "green as above, with yellow flickering",
        "as above",
        "**Recorded.** The line is down; payroll gets it later.",
        "Go. It is safe.",
    ),
)
"""Any of the three above, as safely recorded as ever."""

REPEATED = Sign(
    {"green": _times(2, 0.25, 0.2), "buzzer": _sound("..", _HIGH)},
    Words("xanh nháy hai lần ngắn", "hai tiếng ngắn", "Vừa chấm rồi, chỉ tính một lần.", "Mời đi."),
    Words(
        "green twice, short",
        "two short tones",
        "Recorded a moment ago; it counts once.",
        "Go.",
    ),
)
TRY_AGAIN = Sign(
    {"amber": _times(3, 0.3, 0.2), "buzzer": _sound("...", _MIDDLE)},
    Words(
        "vàng nháy ba lần",
        "ba tiếng ngắn",
        "Chưa đọc được vân tay.",
        "Đặt lại: nằm phẳng, giữ yên, chờ đèn báo.",
    ),
    Words(
        "yellow three times",
        "three short tones",
        "The scan was poor.",
        "Press again: flat, still, until the lamp answers.",
    ),
)
WIPE = Sign(
    {
        "amber": _times(3, 0.3, 0.2),
        "red": _times(3, 0.3, 0.2),
        "buzzer": _sound("...-", _MIDDLE, _MIDDLE, _MIDDLE, _LOW),
    },
    Words(
        "vàng và đỏ cùng nháy ba lần",
        "ba tiếng ngắn, một tiếng dài",
        "Ngón tay quá ướt, bẩn hoặc khô.",
        "Lau ngón tay và mặt kính. Da khô: hà hơi vào. Đặt lại.",
    ),
    Words(
        "yellow and red together, three times",
        "three short tones, one long",
        "The finger is too wet, dirty or dry.",
        "Wipe the finger and the glass. Dry skin: breathe on it. Press again.",
    ),
)
UNKNOWN = Sign(
    {"red": _times(1, 1.2, 0.0), "buzzer": _sound("--", _LOW)},
    Words(
        "đỏ, một lần dài",
        "hai tiếng dài",
        "Không nhận ra.",
        "Đặt lại. Thử ngón kia. Vẫn không được thì báo kỹ thuật.",
    ),
    Words(
        "red, once and long",
        "two long tones",
        "Not recognised.",
        "Press again. Try your other finger. Then tell the technician.",
    ),
)
REFUSED = Sign(
    {"red": _times(2, 0.5, 0.25), "buzzer": (Pulse(0.9, 0.0, _LOW),)},
    Words(
        "đỏ nháy hai lần chậm",
        "một tiếng thật dài",
        "Nhận ra, nhưng mã này đã ngừng.",
        "Hỏi tổ trưởng.",
    ),
    Words(
        "red twice, slow",
        "one very long tone",
        "Recognised, but not allowed here any more.",
        "Ask your supervisor.",
    ),
)
NOT_RECORDED = Sign(
    {
        "red": _times(10, 0.12, 0.12),
        "buzzer": (Pulse(0.12, 0.12, _HIGH), Pulse(0.12, 0.12, _LOW)) * 5,
    },
    Words(
        "đỏ nháy nhanh",
        "mười tiếng gấp",
        "**Chưa ghi được.** Máy bị lỗi.",
        "Đặt lại một lần. Nếu vẫn lỗi, nhờ ghi tên vào sổ và gọi kỹ thuật.",
    ),
    Words(
        "red, fast",
        "ten hurried tones",
        "**Not recorded.** A fault of the machine.",
        "Press again once. If it stays so, have your name written down, and call the technician.",
    ),
)
BUSY = Sign(
    {"amber": _times(1, 0.6, 0.6)},
    Words(
        "vàng nháy chậm, không ai chạm",
        "ngắn, dài, ngắn, lúc bắt đầu",
        "Kỹ thuật đang đăng ký vân tay cho một người.",
        "Chờ đến lượt. Ai đã đăng ký vẫn chấm công được.",
    ),
    Words(
        "yellow, slow, nobody touching",
        "short, long, short, when it begins",
        "Somebody is being enrolled.",
        "Wait for your turn. Who is enrolled already may press and is recorded.",
    ),
    standing=True,
)
BUSY_BEGINS = _sound(".-.", _MIDDLE)
"""Once, when somebody's enrolment begins."""

CALL_TECHNICIAN = Sign(
    {"amber": _times(1, 0.1, 4.9)},  # Too short to be waited for.
    Words(
        "vàng chớp rất ngắn mỗi năm giây, không ai chạm",
        "–",
        "Máy vẫn chấm công bình thường. Kỹ thuật nên xem máy.",
        "Cứ chấm công; báo kỹ thuật.",
    ),
    Words(
        "a very short yellow flash every five seconds, nobody touching",
        "–",
        "The gate records as always. A technician should look at it.",
        "Press as always; tell the technician.",
    ),
    standing=True,
)
SENSOR_FAULT = Sign(
    {"red": _times(1, 0.2, 1.8)},
    Words("đỏ chớp mỗi hai giây, không ai chạm", "–", "Đầu đọc hỏng.", "Gọi kỹ thuật."),
    Words(
        "a short red flash every two seconds, nobody touching",
        "–",
        "The sensor does not work.",
        "Call the technician.",
    ),
    standing=True,
)

SIGNS: dict[str, Sign] = {
    "touched": TOUCHED,
    "recorded": RECORDED,
    "recorded-in": RECORDED_IN,
    "recorded-out": RECORDED_OUT,
    "recorded-offline": OFFLINE,
    "repeated": REPEATED,
    "try-again": TRY_AGAIN,
    "wipe": WIPE,
    "unknown": UNKNOWN,
    "refused": REFUSED,
    "not-recorded": NOT_RECORDED,
    "busy": BUSY,
    "call-technician": CALL_TECHNICIAN,
    "sensor-fault": SENSOR_FAULT,
}
"""All that a worker can be shown, in the order of the workers' page."""

_RECORDED = {None: RECORDED, Direction.IN: RECORDED_IN, Direction.OUT: RECORDED_OUT}

_SHOWN = {
    Outcome.REPEATED: REPEATED,
    Outcome.UNKNOWN: UNKNOWN,
    Outcome.TRY_AGAIN: TRY_AGAIN,
    Outcome.REFUSED: REFUSED,
    Outcome.NOT_RECORDED: NOT_RECORDED,
    Outcome.SENSOR_FAULT: NOT_RECORDED,
}


def sign_of(
    outcome: Outcome,
    hint: Hint | None = None,
    *,
    direction: Direction | None = None,
    offline: bool = False,
) -> dict[str, Rhythm]:
    """How an outcome is shown: the rhythms of lamps and buzzer."""
    if outcome is Outcome.RECORDED:
        shown = _RECORDED[direction].rhythms
        return {**shown, "amber": OFFLINE.rhythms["amber"]} if offline else shown
    if outcome is Outcome.TRY_AGAIN and hint in (Hint.WIPE, Hint.MOISTEN):
        return WIPE.rhythms  # Something about the finger itself.
    return _SHOWN[outcome].rhythms
