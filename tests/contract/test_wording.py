"""One print, two prints: everywhere that a number stands before a word."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from edge_agent.contract.told import counted, entries

PACKAGE = Path(__file__).parents[2] / "edge_agent"

NOUNS = (
    "prints|workers|entries|punches|rows|receipts|commands|corrections|templates|records|gates|"
    "slots|fingers|sessions|ledgers"
)
_NUMBER = re.compile(rf"%d ({NOUNS})\b")
_AFTER = re.compile(rf" ({NOUNS})\b")

OTHERS = ("doctor", "demo", "simulator")
"""The doctor counts with words of its own; the others are for developers."""

CERTAINLY_MORE = {
    "gate/sensor/lifecycle.py": "slots",  # Of a sensor: hundreds.
    "gate/people/enroll.py": "prints",  # A full sensor's.
    "gate/people/restore.py": "prints",  # 1 to a constant.
    "gate/people/templates/backup_file.py": "records",  # Of a header: it has begun with some.
    "gate/people/dates_over.py": "workers",  # More than half of ten at least.
    "contract/roster.py": "workers",  # Numbers that contradict each other.
    "receiver/roster/roster_file.py": "workers",  # Above the limit.
    "receiver/office/export.py": "rows",  # Above the limit.
}


def constant(part: ast.expr) -> bool:
    """A limit, which is a number of which there is one."""
    return isinstance(part, ast.Name) and part.id.strip("_").isupper()


def torn(tree: ast.AST) -> Iterator[str]:
    """The nouns that stand after a number which may be one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for before, after in zip(node.values, node.values[1:], strict=False):
                if (
                    isinstance(before, ast.FormattedValue)
                    and isinstance(after, ast.Constant)
                    and not constant(before.value)
                    and (found := _AFTER.match(str(after.value)))
                ):
                    yield found[1]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _NUMBER.findall(node.value)


def test_no_number_stands_before_a_fixed_plural() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not set(OTHERS) & set(Path(name).parts):
            found += [
                f"{name}: {noun}"
                for noun in torn(ast.parse(path.read_text()))
                if CERTAINLY_MORE.get(name) != noun
            ]
    assert found == []


def test_the_control() -> None:
    said = ast.parse("x = f'{count} prints are sealed', '%d workers were rescued', f'{MOST} rows'")
    assert sorted(torn(said)) == ["prints", "workers"]


def test_counted() -> None:
    assert [counted(n, "print") for n in (0, 1, 2)] == ["0 prints", "1 print", "2 prints"]
    assert [entries(n) for n in (1, 12)] == ["1 entry", "12 entries"]
    assert counted(1, "punch waits", "punches wait") == "1 punch waits"
