"""Every word of the sheets, Vietnamese and English beside each other."""

from datetime import date
from typing import Literal

Language = Literal["vi", "en"]

_WORDS = {
    # The head and the foot of the forms, as circular 200/2014 has them.
    "unit": ("Đơn vị", "Unit"),
    "department": ("Bộ phận", "Department"),
    "form": ("Mẫu số", "Form No."),
    "by_circular": (
        "(Theo mẫu của Thông tư số 200/2014/TT-BTC ngày 22/12/2014 của Bộ Tài chính)",
        "(As drawn by circular 200/2014/TT-BTC of 22/12/2014 of the Ministry of Finance)",
    ),
    "title_01a": ("BẢNG CHẤM CÔNG", "ATTENDANCE SHEET"),
    "title_01b": ("BẢNG CHẤM CÔNG LÀM THÊM GIỜ", "OVERTIME SHEET"),
    "title_days": ("CHI TIẾT CHẤM CÔNG THEO NGÀY", "ATTENDANCE BY DAY"),
    "title_sessions": ("CHI TIẾT CÁC LẦN VÀO, RA", "ATTENDANCE BY SESSION"),
    "month": ("Tháng {month} năm {year}", "Month {month} of {year}"),
    "from_to": ("Từ ngày {first} đến ngày {last}", "From {first} to {last}"),
    "closed": ("Đã chốt ngày {day}", "Closed on {day}"),
    "nothing_doubtful": ("Không còn ô nào chưa rõ.", "No cell is in doubt."),
    "doubtful": (
        "CÒN {count} Ô CHƯA RÕ (tô màu, có ghi chú): xem 'edge-agent receive settle'",
        "{count} CELLS IN DOUBT (coloured, with a comment): see 'edge-agent receive settle'",
    ),
    "keeper": ("Người chấm công", "Timekeeper"),
    "head_of_department": ("Phụ trách bộ phận", "Head of department"),
    "confirmed": (
        "Xác nhận của bộ phận\ncó người làm thêm",
        "Confirmed by the department\nthat worked overtime",
    ),
    "approver": ("Người duyệt", "Approved by"),
    "signature": ("(Ký, họ tên)", "(Signature, full name)"),
    "signed_on": ("Ngày ..... tháng ..... năm .........", "Date ..... / ..... / ........."),
    "total": ("Cộng", "Total"),
    "legend": ("Ký hiệu chấm công:", "Symbols:"),
    "legend_full": ("Lương thời gian, cả ngày", "Paid by time, whole day"),
    "legend_half": ("Nửa ngày", "Half a day"),
    "legend_rest": ("Làm ngày nghỉ, lễ (xem mẫu 01b)", "Worked on a day of rest (form 01b)"),
    "legend_doubtful": ("Chưa rõ, cần người quyết định", "In doubt: for a person"),
    "legend_mixed": ("Nửa ngày làm, nửa ngày nghỉ", "Half worked, half on leave"),
    "legend_half_leave": ("Nghỉ nửa ngày", "Half a day of leave"),
    "legend_shade": (
        "Cột xám: ngày nghỉ hằng tuần. Cột đỏ nhạt: lễ, tết.",
        "Grey: weekly rest. Light red: public holiday.",
    ),
    # Columns.
    "number": ("Số TT", "No."),
    "code": ("Mã NV", "Code"),
    "name": ("Họ và tên", "Name"),
    "grade": ("Ngạch bậc lương hoặc cấp bậc chức vụ", "Grade or position"),
    "days": ("Ngày trong tháng", "Day of the month"),
    "reckoned": ("Quy ra công", "In days"),
    "piece": ("Số công hưởng lương sản phẩm", "Paid by piece"),
    "time": ("Số công hưởng lương thời gian", "Paid by time"),
    "paid": ("Số công nghỉ việc, ngừng việc hưởng 100% lương", "Leave at 100% pay"),
    "part": ("Số công nghỉ việc, ngừng việc hưởng ......% lương", "Leave at ......% pay"),
    "insurance": ("Số công hưởng BHXH", "Social insurance"),
    "unpaid": ("Số công nghỉ không lương", "Unpaid leave"),
    "overtime": ("Cộng giờ làm thêm", "Hours of overtime"),
    "over_NT": ("Ngày làm việc", "Working days"),
    "over_NN": ("Ngày nghỉ hằng tuần", "Days of rest"),
    "over_NL": ("Ngày lễ, tết", "Public holidays"),
    "over_all": ("Tổng số giờ", "All hours"),
    "part_of_day": ("Ngày / đêm", "Day / night"),
    "by_day": ("Ngày", "Day"),
    "by_night": ("Đêm", "Night"),
    "legend_NT": ("Làm thêm ngày làm việc", "Overtime on a working day"),
    "legend_NN": ("Làm thêm ngày nghỉ hằng tuần", "Overtime on a day of rest"),
    "legend_NL": ("Làm thêm ngày lễ, tết", "Overtime on a public holiday"),
    "legend_night": ("Đêm: 22 giờ đến 6 giờ", "Night: 22:00 to 06:00"),
    "legend_over": (
        "Giờ làm thêm: sau {hours} giờ của ngày làm việc; cả ca của ngày nghỉ, lễ.",
        "Overtime: beyond {hours} hours of a working day; all hours of a day of rest.",
    ),
    "team": ("Tổ", "Team"),
    "date": ("Ngày", "Date"),
    "weekday": ("Thứ", "Weekday"),
    "kind": ("Loại ngày", "Kind of day"),
    "shift": ("Ca", "Shift"),
    "in": ("Giờ vào", "In"),
    "out": ("Giờ ra", "Out"),
    "worked": ("Giờ làm", "Worked"),
    "night": ("Giờ đêm", "Night"),
    "over": ("Làm thêm", "Overtime"),
    "late": ("Đi muộn", "Late"),
    "early": ("Về sớm", "Left early"),
    "mark": ("Ký hiệu", "Symbol"),
    "note": ("Điều chưa rõ", "In doubt"),
    "status": ("Trạng thái", "Status"),
    "in_gate": ("Cổng vào", "In: gate"),
    "out_gate": ("Cổng ra", "Out: gate"),
    "in_ledger": ("Sổ (vào)", "In: ledger"),
    "in_seq": ("Số mục (vào)", "In: entry"),
    "out_ledger": ("Sổ (ra)", "Out: ledger"),
    "out_seq": ("Số mục (ra)", "Out: entry"),
    "pauses": ("Nghỉ giữa ca", "Breaks"),
    "kind_NT": ("Ngày làm", "Working day"),
    "kind_NN": ("Ngày nghỉ", "Day of rest"),
    "kind_NL": ("Lễ, tết", "Holiday"),
    # The sheets of the file.
    "sheet_01a": ("Bảng chấm công", "Attendance"),
    "sheet_01b": ("Làm thêm giờ", "Overtime"),
    "sheet_days": ("Theo ngày", "By day"),
    "sheet_sessions": ("Ca làm", "Sessions"),
    "sheet_sources": ("Nguồn", "Sources"),
    "title_sources": (
        "NGUỒN CỦA TỪNG Ô: MỤC TRONG SỔ CỦA CỔNG",
        "WHERE EACH CELL COMES FROM: ENTRIES OF THE GATES' LEDGERS",
    ),
    "cell": ("Ô", "Cell"),
    "shown": ("Ghi là", "Shown"),
    "what_leave": ("nghỉ ({symbol})", "leave ({symbol})"),
    "undated": ("không rõ ngày", "no day known"),
    # How a session stands.
    "status_complete": ("đủ vào, ra", "complete"),
    "status_open": ("chưa ra", "open"),
    "status_pending-time": ("chờ giờ đúng", "pending-time"),
    "status_not-covered": ("cổng không ghi được", "not-covered"),
    "status_manual": ("người quyết định", "manual"),
    # Why a cell is in doubt.
    "why_missing": (
        "Thiếu một lần bấm: số lần bấm lẻ.",
        "A press is missing: their number is odd.",
    ),
    "why_two-readings": (
        "Các lần bấm có thể hiểu theo hai cách.",
        "The presses can be read in two ways.",
    ),
    "why_two-shifts": (
        "Một lần bấm hợp với hai ca.",
        "A press fits two shifts.",
    ),
    "why_no-shift": (
        "Bấm ngoài giờ của mọi ca đã đăng ký.",
        "Pressed outside every known shift.",
    ),
    "why_rest-day": ("Làm vào ngày nghỉ của ca.", "Worked on the shift's day of rest."),
    "why_too-long": ("Ca dài hơn 14 giờ.", "The session is longer than 14 hours."),
    "why_too-short": ("Vào và ra cách nhau quá ngắn.", "In and out are too near each other."),
    "why_extra": ("Thừa một lần bấm.", "There is a press too many."),
    "why_contradiction": (
        "Chiều vào, ra của các lần bấm mâu thuẫn nhau.",
        "The directions of the presses contradict each other.",
    ),
    "why_no-time": (
        "Không bao giờ biết đúng giờ của một lần bấm.",
        "The time of a press will never be known.",
    ),
    "why_pending-time": (
        "Cổng chưa gửi giờ đúng của một lần bấm: chờ.",
        "The gate has not told the true time of a press yet: wait.",
    ),
    "why_going-on": ("Ca chưa kết thúc.", "The session is not over yet."),
    "why_open": ("Đã vào, chưa thấy ra.", "There is an in, and no out yet."),
    "why_manual": ("Thiếu vào hoặc ra: người quyết định.", "An in or an out is missing."),
    "why_not-covered": (
        "Có lúc cổng không ghi được: không quy lỗi cho người lao động.",
        "The gate could not record for a while: nothing is held against the worker.",
    ),
    "why_short": (
        "Giờ làm chưa đủ nửa ngày: người duyệt quyết định.",
        "Less than half a day was worked: for a person.",
    ),
    "why_leave-and-work": (
        "Vừa có đăng ký nghỉ, vừa có chấm công.",
        "There is leave for this day, and presses too.",
    ),
    "why_other": ("Chưa rõ: {why}.", "In doubt: {why}."),
    "note_presses": ("Đã bấm: {presses}.", "Pressed: {presses}."),
    "note_leave": ("Đăng ký: {symbol} ({name}).", "Leave: {symbol} ({name})."),
    "note_undated": (
        "Có lần bấm không rõ ngày, trong khoảng {first} – {last}.",
        "A press without a day, between {first} and {last}.",
    ),
    "no_time": ("không rõ giờ", "no time"),
}

_WEEKDAYS = {
    "vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"),
    "en": ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"),
}


class Words:
    """The words in one language: ``words("note")``."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._place = ("vi", "en").index(language)

    def __call__(self, name: str, /, **fields: object) -> str:
        return _WORDS[name][self._place].format(**fields)

    def has(self, name: str) -> bool:
        """Whether there is a text of this name."""
        return name in _WORDS

    def weekday(self, day: date) -> str:
        """In two letters."""
        return _WEEKDAYS[self.language][day.weekday()]

    def day(self, day: date) -> str:
        """As people write it."""
        return f"{day:%d/%m/%Y}" if self.language == "vi" else day.isoformat()

    def why(self, reason: str) -> str:
        """A sentence on what is doubtful."""
        name = f"why_{reason}"
        return self(name) if self.has(name) else self("why_other", why=reason)
