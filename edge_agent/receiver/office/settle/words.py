"""What a clerk reads of the list, in one place: Vietnamese first, English beside it."""

from typing import Literal

Language = Literal["vi", "en"]

KINDS = {
    "missing": ("thiếu lượt bấm", "a press is missing"),
    "two-readings": ("đọc được hai cách", "can be read in two ways"),
    "two-shifts": ("hợp với hai ca", "fits two shifts"),
    "no-shift": ("không thuộc ca nào", "in no shift"),
    "too-long": ("dài quá 14 giờ", "longer than 14 hours"),
    "too-short": ("ngắn quá", "too short"),
    "extra": ("thừa lượt bấm", "a press too many"),
    "contradiction": ("chiều vào ra trái nhau", "the directions contradict each other"),
    "going-on": ("vào mà chưa ra", "in, and not out"),
    "not-covered": ("cổng không ghi được lúc đó", "the gate could not record then"),
    "no-time": ("không biết giờ bấm", "the time is not known"),
    "pending-time": ("cổng chưa báo giờ thật", "the gate has not told the true time yet"),
    "unknown-worker": ("mã không có trong danh sách", "a code that no roster names"),
    "unreadable": ("mục không đọc được", "an entry that cannot be read"),
    "fork": ("hai thẻ ghi trái nhau", "two cards contradict each other"),
    "gap": ("sổ của cổng còn thiếu mục", "entries of a gate have not come"),
    "renamed": ("mã đã giao cho người khác", "the code was given to another person"),
}

PROPOSALS = {
    "add": ("Thêm lượt {ways}", "Add an {ways}"),
    "void-extra": ("Bỏ lượt thừa", "Void what is too many"),
    "directions": ("Đọc như sau", "Read it so"),
    "reading": ("Sửa để đọc như sau", "Correct it to be read so"),
    "earliest": ("Sớm nhất có thể; biết giờ thì sửa", "The earliest; put the time in if known"),
    "latest": ("Muộn nhất có thể; biết giờ thì sửa", "The latest; put the time in if known"),
    "move": ("Ghi giờ đúng", "State the time"),
    "void": ("Không tính lượt này", "Do not count this press"),
    "void-unknown": ("Không phải công nhân: không tính", "No worker here: do not count"),
    "of-another": ("Là {meant}: tính cho người đó", "It is {meant}: count it for them"),
    "void-unreadable": ("Đã xem, không dùng được", "Looked at, and of no use"),
    "keep": ("Đã xem, để nguyên như vậy", "Looked at, leave it as it is"),
}

REASONS = {
    "add": ("quên bấm", "forgot to press"),
    "void-extra": ("bấm thừa", "one press too many"),
    "directions": ("xác định chiều vào ra", "direction stated"),
    "reading": ("xác định công ca", "session stated"),
    "earliest": ("xác định giờ bấm", "time stated"),
    "latest": ("xác định giờ bấm", "time stated"),
    "move": ("xác định giờ bấm", "time stated"),
    "void": ("không tính", "does not count"),
    "void-unknown": ("không phải công nhân", "no worker here"),
    "of-another": ("bấm nhầm mã", "of another code"),
    "void-unreadable": ("không đọc được", "cannot be read"),
    "keep": ("đã xem", "looked at"),
}

ASIDE = {
    "not-covered": (
        "Không được coi là lỗi của người lao động.",
        "Nothing may be held against the worker.",
    ),
    "unknown-worker": (
        "Nếu là công nhân: thêm vào danh sách (receive roster import) thì tự được tính.",
        "A worker? List them (receive roster import), and it counts by itself.",
    ),
    "gap": (
        "Đưa cổng lên mạng: phần thiếu sẽ tự đến.",
        "Bring the gate online: what is missing comes by itself.",
    ),
    "pending-time": (
        "Đợi cổng có mạng; giờ thật sẽ tự đến.",
        "Wait until the gate is online: the true time comes by itself.",
    ),
    "fork": (
        "Không mục nào ở đây được tính. Hỏi kỹ thuật viên.",
        "Nothing of this counts. Ask the technician.",
    ),
    "renamed": (
        "Lượt bấm trước lúc đó là của {former}, sau đó của {name}.",
        "Presses before then are {former}'s, and later ones {name}'s.",
    ),
}

WORDS = {
    "left": ("{name}: còn {count} việc phải quyết định.", "{name}: {count} to decide."),
    "none": (
        "{name}: không còn việc nào. Có thể ký.",
        "{name}: nothing is left to decide. It can be signed.",
    ),
    "shift": ("Ca", "Shift"),
    "pressed": ("Đã bấm", "Pressed"),
    "gate": ("Cổng", "Gate"),
    "entries": ("Mục", "Entries"),
    "ledger": ("Sổ", "Ledger"),
    "between": ("từ {low} đến {high}", "between {low} and {high}"),
    "in": ("vào", "in"),
    "out": ("ra", "out"),
    "unsure": ("?", "?"),
    "undated": ("không rõ ngày", "day not known"),
    "hours": ("{hours}", "{hours}"),
    "fill": ("điền giờ vào __:__ rồi chạy", "put the time in for __:__, then run it"),
}

LIMITS = {
    "title": (
        "Giới hạn của luật (chỉ báo, không trừ; Bộ luật Lao động 2019, cần luật sư xem):",
        "The law's limits (told, never applied; Labour Code 2019, to be checked by counsel):",
    ),
    "day": ("làm {are} trong ngày, tối đa {may} (điều 107)", "{are} in a day, of {may} (art. 107)"),
    "month": (
        "làm thêm {are} trong tháng, tối đa {may} (điều 107)",
        "{are} of overtime in a month, of {may} (art. 107)",
    ),
    "year": (
        "làm thêm {are} trong năm, tối đa {may} (điều 107)",
        "{are} of overtime in the year, of {may} (art. 107)",
    ),
    "special-year": (
        "làm thêm {are} trong năm, trường hợp đặc biệt {may} (điều 107)",
        "{are} of overtime in the year, of {may} in special trades (art. 107)",
    ),
    "rest": (
        "nghỉ {are} trước ca, tối thiểu {may} (điều 110)",
        "{are} of rest before the shift, of {may} (art. 110)",
    ),
    "over": ("QUÁ", "OVER"),
    "near": ("gần", "near"),
}

WEEKDAYS = (
    *(("thứ hai", "Monday"), ("thứ ba", "Tuesday"), ("thứ tư", "Wednesday")),
    *(("thứ năm", "Thursday"), ("thứ sáu", "Friday"), ("thứ bảy", "Saturday")),
    ("chủ nhật", "Sunday"),
)


def told(
    table: dict[str, tuple[str, str]], name: str, language: Language, /, **fields: object
) -> str:
    """The words of one name, with its fields."""
    return table[name][language == "en"].format_map(fields)
