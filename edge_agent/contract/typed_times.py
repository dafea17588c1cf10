"""Days and times as people type them, in full: for every command that asks for one.

What is no form of these stays as it is, for whoever asks to take or to refuse with the forms there
are: a month and a day that could be read the other way about, or two digits of a year, are none.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta

_OF_TODAY = {
    **{"hom nay": 0, "today": 0, "sang nay": 0, "this morning": 0},
    **{"hom qua": -1, "yesterday": -1},
    "hom kia": -2,
    **{"ngay mai": 1, "mai": 1, "tomorrow": 1},
    "ngay kia": 2,
}
"""Days by their words, without marks."""

_WEEKDAYS = {
    **{"thu hai": 0, "thu 2": 0, "monday": 0, "thu ba": 1, "thu 3": 1, "tuesday": 1},
    **{"thu tu": 2, "thu 4": 2, "wednesday": 2, "thu nam": 3, "thu 5": 3, "thursday": 3},
    **{"thu sau": 4, "thu 6": 4, "friday": 4, "thu bay": 5, "thu 7": 5, "saturday": 5},
    **{"chu nhat": 6, "sunday": 6},
}
_WEEKS_OF = {
    **{"tuan truoc": -7, "last week": -7, "tuan nay": 0, "this week": 0},
    **{"tuan sau": 7, "tuan toi": 7, "next week": 7},
}
"""Days from this week's Monday to that week's."""

_WEEKDAY = re.compile(
    rf"(?P<name>{'|'.join(_WEEKDAYS)})(?: (?P<week>{'|'.join(_WEEKS_OF)}|vua roi|vua qua|sap toi))?"
)
"""``thứ sáu``, ``thứ sáu tuần trước``, ``thứ sáu vừa rồi``. *Last Friday* is understood in two
ways, and is none; so is *thứ sáu tới*, which is an evening without its marks."""

_WEEKS = {"tuan nay": 0, "this week": 0, "tuan truoc": -1, "last week": -1}
_MONTHS = {"thang nay": 0, "this month": 0, "thang truoc": -1, "last month": -1}
_MONTH = re.compile(
    r"(?:thang )?(?P<month>0?[1-9]|1[0-2])(?:[/-]| nam )(?P<year>[0-9]{4})"
    r"|thang (?P<alone>0?[1-9]|1[0-2])"
    r"|(?P<iso>[0-9]{4}-(?:0[1-9]|1[0-2]))"
)
"""``11/2026``, ``tháng 11 năm 2026``, ``tháng 11``; a number alone is none."""

_BACK = {"qua": -24, "hom qua": -24, "hom kia": -48}
_PARTS = {
    **dict.fromkeys(("sang nay", "this morning"), (0, 12)),
    **dict.fromkeys(("chieu nay", "this afternoon"), (12, 18)),
    **dict.fromkeys(("toi nay", "this evening", "tonight"), (18, 24)),
    **{f"sang {day}": (hours, 12 + hours) for day, hours in _BACK.items()},
    **{f"chieu {day}": (12 + hours, 18 + hours) for day, hours in _BACK.items()},
    **{f"toi {day}": (18 + hours, 24 + hours) for day, hours in _BACK.items()},
}
"""Hours from today's midnight: from which on, and until which."""

_HOURS = {
    "sang": {hour: hour for hour in range(12)},
    "trua": {11: 11, 12: 12, 1: 13, 13: 13},
    "chieu": {hour % 12: hour for hour in range(13, 19)} | {hour: hour for hour in range(13, 19)},
    "toi": {hour % 12: hour for hour in range(18, 24)} | {hour: hour for hour in range(18, 24)},
}
"""Morning, noon, afternoon and evening: which hour of 24 is meant by each that is said with it. Any
other one, ``1 giờ tối``, is understood in two ways, and is none."""

_SOME_WEEKDAY = re.sub(r"[?]P<[a-z]+>", "?:", _WEEKDAY.pattern)
_DAY = (
    rf"(?:(?P<word>{'|'.join(_OF_TODAY)})"
    r"|(?P<ago>[0-9]{1,2}) (?:ngay truoc|days? ago)"
    rf"|(?P<weekday>{_SOME_WEEKDAY})"
    rf"|(?P<part_of>{'|'.join(_HOURS)}) "
    rf"(?P<which>(?:hom )?(?:nay|qua)|hom kia|{_SOME_WEEKDAY})"
    r"|(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})(?:/(?P<year>[0-9]{4}))?"
    r"|(?P<dashed>[0-9]{1,2}-[0-9]{1,2}-[0-9]{4})"
    r"|(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2}))"
)
_TIME = (
    r"(?P<hour>[0-9]{1,2})"
    r"(?: ?(?:[hg]|gio)(?: ?(?P<past>[0-9]{2})(?: phut)?|(?P<half> ?ruoi)"
    r"| ?kem (?P<short>5|10|15|20|25)(?: phut)?)?"
    r"|(?P<bare_half> ruoi)"
    r"|:(?P<minute>[0-9]{2})(?P<second>:[0-9]{2}(?:[.][0-9]{1,6})?)?)"
    rf"(?: (?P<part>{'|'.join(_HOURS)}))?"
)
"""17:10, and 17h10, 17g10, 17h, ``17 giờ 10``, ``5 giờ rưỡi``, ``5 rưỡi chiều``, ``5 giờ kém 10``
or ``5 giờ chiều``, as Vietnamese write it. Not 17h5, which is five past to some and ten to six to
others, nor 17.05, a day."""

_OFFSET = r"(?P<offset>z|[+-][0-9]{2}:[0-9]{2})?"

_DAY_FIRST = re.compile(rf"{_DAY}(?:[t ]{_TIME}{_OFFSET})?")
_TIME_FIRST = re.compile(rf"{_TIME} {_DAY}")
_TIME_ALONE = re.compile(_TIME)


def in_full(text: str, today: date | None, *, to_come: bool = False) -> str:
    """A day, or a day and a time of day, as ISO 8601 writes it: ``2026-11-29[T17:00]``.

    Without a year, or by the name of a weekday alone, it is the last such day until ``today``; the
    nearest one, where it may be ``to_come`` (see ``either_of_two``). Where nobody knows today, what
    leans on it stays as it is; so does what no calendar or clock shows, 31/02/2026 or 25:00, for
    whoever refuses it to name what was typed.
    """
    told = _told(text)
    if told is None:
        return text
    day = _day(told, today, to_come=to_come)
    at = _time(told) if told["hour"] else ""
    if day is None or at is None or (told["part_of"] and not at):
        return text
    whole = f"{day}T{at}" if at else day
    try:
        datetime.fromisoformat(whole)
    except ValueError:
        return text
    return whole


def either_of_two(text: str, today: date, *, to_come: bool = False) -> tuple[str, str] | None:
    """Both days, in full, of which one may be meant by the name of a weekday alone: today or a week
    ago, and where it may be ``to_come`` the last one or the next. None: one alone is likely.
    """
    told = _told(text)
    name = told and (told["weekday"] or told["which"])
    if name not in _WEEKDAYS:
        return None
    last = today - timedelta(days=(today.weekday() - _WEEKDAYS[name]) % 7)
    if to_come:
        days = (last, last + timedelta(days=7))
    elif last == today:
        days = (last - timedelta(days=7), last)
    else:
        return None
    earlier, later = (in_full(text, one) for one in days)
    return earlier, later


def says_no_half(text: str) -> bool:
    """Whether an hour is said as people say it, ``hôm qua 5h30``, ``5 rưỡi``, without the half of
    the day that it is of. ``05h30`` and ``5:30`` are written as clocks with 24 hours show them.
    """
    alone = _TIME_ALONE.fullmatch(_plain(text))
    told = alone.groupdict() if alone else _told(text)
    if told is None or not told["hour"] or told["minute"]:
        return False
    said = told["part"] or told.get("part_of") or told.get("word") in ("sang nay", "this morning")
    return not said and told["hour"] in _IN_EITHER_HALF


_IN_EITHER_HALF = [str(hour) for hour in range(1, 12)]


def span_in_full(text: str, today: date) -> tuple[str, str] | None:
    """Where what lasts for some days or hours begins, and where what follows it does:
    ``2026-11-23`` and ``2026-11-30`` of this week, hours as ``2026-11-29T12:00``. None: no such.

    For whoever asks from when or until when; it is no day.
    """
    plain = _plain(text)
    if (weeks := _WEEKS.get(plain)) is not None:
        monday = today - timedelta(days=today.weekday() - 7 * weeks)
        return monday.isoformat(), (monday + timedelta(days=7)).isoformat()
    if (month := month_in_full(text, today)) is not None:
        count = int(month[:4]) * 12 + int(month[5:]) - 1
        return f"{month}-01", f"{_month_of(count + 1)}-01"
    if (hours := _PARTS.get(plain)) is not None:
        midnight = datetime.fromisoformat(today.isoformat())
        begin, end = (midnight + timedelta(hours=one) for one in hours)
        return begin.isoformat(timespec="minutes"), end.isoformat(timespec="minutes")
    return None


def month_in_full(text: str, today: date | None) -> str | None:
    """A month, ``2026-11``; without a year the last one of that name that has begun.

    None: it is none, or leans on today, which nobody knows.
    """
    plain = _plain(text)
    if (found := _MONTH.fullmatch(plain)) is not None and not found["alone"]:
        return found["iso"] or f"{found['year']}-{found['month']:0>2}"
    if today is None:
        return None
    count = today.year * 12 + today.month - 1
    if (months := _MONTHS.get(plain)) is not None:
        return _month_of(count + months)
    return _month_of(count - (today.month - int(found["alone"])) % 12) if found else None


def _month_of(count: int) -> str:
    return f"{count // 12:0>4}-{count % 12 + 1:0>2}"


def day_in_full(text: str, today: date | None, *, to_come: bool = False) -> str:
    """The same where a day alone is asked for: one with a time of day stays as it is too."""
    whole = in_full(text, today, to_come=to_come)
    return text if "T" in whole else whole


def moment_in_full(text: str, today: date | None) -> str:
    """The same where a time of day is asked for too: a day alone stays as it is."""
    whole = in_full(text, today)
    return whole if "T" in whole else text


def period_in_full(first: str, last: str, today: date) -> tuple[str, str]:
    """Two days that were typed, of a period that has begun: its last day alone may be to come, and
    is, without a year, where the last such day was before the first one.
    """
    begin, end = day_in_full(first, today), day_in_full(last, today)
    return begin, end if end >= begin else day_in_full(last, today, to_come=True)


def time_of_day(text: str) -> str | None:
    """A time of day that stands alone, as ISO 8601 writes it: ``17:10``. None: it is none."""
    found = _TIME_ALONE.fullmatch(_plain(text))
    at = _time(found.groupdict()) if found else None
    try:
        time.fromisoformat(at or "")
    except ValueError:  # No clock shows it.
        return None
    return at


def clearer(text: str, today: date | None) -> list[str]:
    """What may be meant by a day or a time that is no form of these, as one is typed: the likeliest
    first. None of them is taken for it unasked."""
    plain = _plain(text)
    if year := _SHORT_YEAR.search(text):
        is_near = today is None or abs(2000 + int(year[3]) - today.year) <= 10
        return [_SHORT_YEAR.sub(r"\1/\2/20\3", text)] if is_near else []
    if short := _ONE_DIGIT.search(text):
        tens = ["", "0"] if int(short[2]) < 6 else [""]
        return [
            _ONE_DIGIT.sub(f"{short[1]}h{'' if ten else '0'}{short[2]}{ten}", text) for ten in tens
        ]
    if _POINT.search(text):
        return [_POINT.sub(rf"\1{mark}\2", text) for mark in (":", "/")]
    if _MONTHS_END.fullmatch(plain) and today is not None:
        after = (today.replace(day=28) + timedelta(days=4)).replace(day=1)
        return [f"{after - timedelta(days=1):%d/%m/%Y}"]
    if plain.endswith(" toi") and plain.removesuffix(" toi") in _WEEKDAYS:
        days = [f"{text.rsplit(maxsplit=1)[0]} {week}" for week in ("tuần này", "tuần sau")]
        return [one for one in days if today is None or in_full(one, today) >= today.isoformat()]
    return []


_SHORT_YEAR = re.compile(r"(?<![0-9])([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{2})(?![0-9])")
_ONE_DIGIT = re.compile(r"(?<![0-9])([0-9]{1,2}) ?(?:[hg]|giờ) ?([0-9])(?![0-9])", re.IGNORECASE)
_POINT = re.compile(r"(?<![0-9.])([0-9]{1,2})[.]([0-9]{2})(?![0-9.])")
_MONTHS_END = re.compile("cuoi thang(?: nay)?")


def _told(text: str) -> dict[str, str | None] | None:
    plain = _plain(text)
    found = _DAY_FIRST.fullmatch(plain) or _TIME_FIRST.fullmatch(plain)
    return found.groupdict() if found else None


def _time(told: dict[str, str | None]) -> str | None:
    """None: the hour is none of the part of the day that is said with it."""
    hour: int | None = int(told["hour"] or 0)
    for part in (told["part"], told.get("part_of")):
        if part and hour is not None:
            hour = _HOURS[part].get(hour)
    if hour is None:
        return None
    half = told["half"] or told["bare_half"]
    minute = told["minute"] or told["past"] or ("30" if half else "00")
    if told["short"]:
        hour, minute = hour - 1, f"{60 - int(told['short'])}"
    offset = (told.get("offset") or "").upper()
    return f"{hour:0>2}:{minute}{told['second'] or ''}{offset}"


def _day(told: dict[str, str | None], today: date | None, *, to_come: bool) -> str | None:
    if told["iso"] or told["year"]:
        return told["iso"] or f"{told['year']}-{told['month']:0>2}-{told['day']:0>2}"
    if told["dashed"]:
        day_of, month_of, year_of = told["dashed"].split("-")
        return f"{year_of}-{month_of:0>2}-{day_of:0>2}"
    if today is None:
        return None
    if weekday := _WEEKDAY.fullmatch(told["weekday"] or told["which"] or ""):
        return _weekday(weekday["name"], weekday["week"], today, to_come=to_come).isoformat()
    if told["which"]:
        return (today + timedelta(days=_OF_TODAY[f"hom {told['which'][-3:]}"])).isoformat()
    if told["ago"]:
        return (today - timedelta(days=int(told["ago"]))).isoformat()
    if told["word"]:
        return (today + timedelta(days=_OF_TODAY[told["word"]])).isoformat()
    month, day = int(told["month"] or 0), int(told["day"] or 0)
    years = (today.year - 1, today.year, today.year + 1)
    days = [found for year in years if (found := _date(year, month, day)) is not None]
    if not to_come:
        days = [one for one in days if one <= today]
    return min(days, key=lambda one: abs(one - today)).isoformat() if days else None


def _weekday(name: str, week: str | None, today: date, *, to_come: bool) -> date:
    number = _WEEKDAYS[name]
    if week in _WEEKS_OF:
        return today + timedelta(days=_WEEKS_OF[week] + number - today.weekday())
    if week == "sap toi":
        return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    ago = (today.weekday() - number - (week is not None)) % 7 + (week is not None)
    return today + timedelta(days=7 - ago if to_come and week is None and ago > 3 else -ago)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _plain(text: str) -> str:
    """Without marks, in small letters, with single spaces."""
    spread = unicodedata.normalize("NFD", text.casefold())
    if "ki\u0300a" in spread:  # Three days from today, where *kia* is two.
        return text
    plain = re.sub("[ ,]+", " ", "".join(c for c in spread if not unicodedata.combining(c)))
    for said, same in _SAME:
        plain = said.sub(same, plain)
    return plain


_SAME = [
    (re.compile(said), same)
    for said, same in (
        (r"\bt([2-7])\b", r"thu \1"),
        (r"\bcn\b", "chu nhat"),
        (r"\bh[.]?(qua|nay)\b", r"hom \1"),
        (r"\bbua (qua|nay)\b", r"hom \1"),
        (r"\b(tuan|thang) (?:vua )?roi\b", r"\1 truoc"),
        (r"\b(?:ngay|luc) (?=[0-9])", ""),
        (r"\b([0-9]{1,2}) thang ([0-9]{1,2}) nam ([0-9]{4})\b", r"\1/\2/\3"),
        (r"\b([0-9]{1,2}) thang ([0-9]{1,2})\b", r"\1/\2"),
        (r"(?<![0-9.])([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4})\b", r"\1/\2/\3"),
        (r"(?<![0-9:-])([0-9]{1,2})-([0-9]{1,2})(?![0-9:-])", r"\1/\2"),
    )
]
"""What is said otherwise and can mean nothing else. *Mùng 1* is none: to most it is of the moon's
month."""
