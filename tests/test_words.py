"""One word for one thing, as docs/words.md has it, in what people read in Vietnamese."""

import re

import pytest

from . import catalogues

OTHER_WORDS = {
    "cảm biến": "máy quét",
    "máy đọc": "máy quét",
    "máy chủ MQTT": "broker",
    "loa": "còi",
    "dấu vân tay": "vân tay",
    "cấu hình": "cài đặt",
    "trình nền": "chương trình cổng",
    "đăng kí": "đăng ký",
}
"""What others call it → what it is called here."""


@pytest.mark.parametrize("other", OTHER_WORDS)
def test_one_word_for_one_thing_in_vietnamese(other: str) -> None:
    said = [
        name
        for name, forms in catalogues.words("vi").items()
        if re.search(rf"(?i)\b{other}\b", forms[0])
    ]
    assert said == [], OTHER_WORDS[other]
