"""Take out of texts whatever tells of a person: what leaves the gate for help is read by strangers.

Workers' names and codes and the users of this machine are known here, so they can be looked for.
What was found has one stand-in each, so that two lines about one worker still belong together.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any


class Scrub:
    """Knows the words that must not leave: names (of workers), codes and users."""

    def __init__(self, names: Iterable[str], codes: Iterable[str], users: Iterable[str]) -> None:
        stands: dict[str, str] = {}
        for what, words in (("worker", names), ("worker-code", codes), ("user", users)):
            for number, word in enumerate(sorted(set(words)), 1):
                for form in _forms(word):
                    stands.setdefault(form, f"({what} {number})")
        self._stands: Mapping[str, str] = stands
        # The longest first: a short name may be the beginning of another.
        words_ = sorted(stands, key=len, reverse=True)
        self._any = re.compile(
            r"(?<![^\W_])(?:" + "|".join(map(re.escape, words_)) + r")(?![^\W_])"
            if words_
            else r"(?!)"
        )

    def text(self, text: str) -> str:
        """The same without any of them."""
        return self._any.sub(lambda found: self._stands[found[0]], text)

    def tree(self, told: Any) -> Any:
        """The same of what is to be JSON: its texts, keys included."""
        if isinstance(told, str):
            return self.text(told)
        if isinstance(told, dict):
            return {self.text(str(key)): self.tree(value) for key, value in told.items()}
        return [self.tree(one) for one in told] if isinstance(told, list | tuple) else told

    def found_in(self, text: str) -> bool:
        """Whether one of them stands there still."""
        return self._any.search(text) is not None


def _forms(word: str) -> set[str]:
    """As it may be written: composed, decomposed, without marks, as JSON escapes it; and in small
    and capital letters, but for one word without a number, which would be found everywhere.
    """
    bare = unicodedata.normalize("NFD", word)
    plain = "".join(char for char in bare if not unicodedata.combining(char))
    plain = plain.replace("đ", "d").replace("Đ", "D")
    escaped = word.encode("ascii", "backslashreplace").decode()
    forms = {form for form in (unicodedata.normalize("NFC", word), bare, plain, escaped) if form}
    if any(char.isspace() or char.isdigit() for char in word):
        forms |= {cased for form in forms for cased in (form.lower(), form.upper())}
    return forms
