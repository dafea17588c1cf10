"""The command line speaks the language that was asked for, to any terminal."""

import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from edge_agent import cli
from edge_agent.cli import tell
from edge_agent.cli.help import examples_of
from edge_agent.cli.options import FilePath
from edge_agent.contract import language

from .catalogues import words
from .system.test_every_command import commands as every_command


def commands(command: click.Command, *path: str) -> list[tuple[str, ...]]:
    """The path of each command there is."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = [path]
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        found += commands(below, *path, name)
    return found


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "edge-agent.toml"
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(path))
    return path


def help_of(*arguments: str) -> str:
    return CliRunner().invoke(cli.main, [*arguments, "--help"]).stdout


@pytest.mark.parametrize(
    "arguments",
    [("--lang", "vi", "prints"), ("prints", "--lang", "vi"), ("prints", "--lang=vi")],
)
def test_the_language_may_stand_anywhere(config: Path, arguments: tuple[str, ...]) -> None:
    assert "Cách dùng: " in help_of(*arguments)
    assert "Usage: " in help_of("prints")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("backup",), "'backup' thì dùng: edge-agent templates backup"),
        (("backup",), "edge-agent ledger backup (sổ ghi)"),
        (
            ("punches", "export", "thang-11.csv"),
            "edge-agent receive export (bảng công của tháng; ở",
        ),
        (("workers", "delete", "NV1"), "'delete' thì dùng: edge-agent workers leave"),
        (("Restart",), "'Restart' thì dùng: sudo systemctl restart edge-agent"),
        (("time",), "'time' thì dùng: edge-agent doctor"),
        (("audit", "list", "NV1"), "'NV1' thì dùng: edge-agent audit list --worker NV1"),
        (("audit", "list", "NV1", "NV2"), "Thừa tham số (NV1 NV2)"),
        (("prints", "list", "NV1"), "'NV1' thì dùng: edge-agent workers show NV1"),
        (("consent", "list", "NV1"), "'NV1' thì dùng: edge-agent workers show NV1"),
        (("credentials", "list", "NV1"), "'NV1' thì dùng: edge-agent workers show NV1"),
        (("workers", "list", "NV1"), "'NV1' thì dùng: edge-agent workers show NV1"),
        (("privacy", "requests", "N 1"), "'N 1' thì dùng: edge-agent privacy report 'N 1'"),
        (("privacy", "overdue", "NV1"), "Thừa tham số (NV1)"),
        (("doctor", "sensor"), "'sensor' thì dùng: edge-agent doctor --section sensor"),
        (("workers", "leave", "NV1", "--date", "1/1"), "'--date' thì dùng: --on"),
        (("workers", "leave", "NV1", "--day", "1/1"), "'--day' thì dùng: --on"),
        (("consent", "record", "NV1", "--date", "1/1"), "'--date' thì dùng: --signed"),
        (("punches", "list", "--from", "1/1"), "'--from' thì dùng: --since"),
        (("audit", "list", "--to", "1/1"), "'--to' thì dùng: --until"),
        (("punches", "list", "--code", "NV1"), "'--code' thì dùng: edge-agent punches list MÃ"),
        (("punches", "list", "--worker", "NV1"), "'--worker' thì dùng: edge-agent punches list MÃ"),
        (("audit", "list", "--code", "NV1"), "'--code' thì dùng: --worker"),
        (("punches", "add", "NV1", "--time", "17h"), "'--time' thì dùng: --at"),
        (("workers", "import", "/x", "--dryrun"), "'--dryrun' thì dùng: --dry-run"),
        (("workers", "import", "/x", "--preview"), "'--preview' thì dùng: --dry-run"),
        (("templates", "restore", "/x", "--check"), "'--check' thì dùng: --dry-run"),
        (
            ("templates", "check", "/x"),
            "'check' thì dùng: edge-agent templates restore (thêm --dry",
        ),
        (("workers", "list", "--preview"), "Không có tùy chọn '--preview'."),
        (("sim",), "Có phải là 'simulate' không?"),
        (("workers", "deactivate"), "'MÃ'. Ví dụ: edge-agent workers deactivate NV0042"),
        (("trạng",), "Không có lệnh 'trạng'."),
        (
            ("workers", "import", "/"),
            "Giá trị của 'TỆP' không đúng: / là thư mục: hãy ghi một tệp trong đó, /…",
        ),
    ],
)
def test_what_others_call_a_command_and_what_is_missing(
    config: Path, typed: tuple[str, ...], told: str
) -> None:
    done = CliRunner().invoke(cli.main, ["--lang", "vi", *typed])
    assert (done.exit_code, told in " ".join(done.stderr.split())) == (2, True), done.stderr


@pytest.mark.parametrize("gate", ["vi", "en", None])
@pytest.mark.parametrize("environment", ["vi_VN.UTF-8", "en_US.UTF-8", "C.UTF-8", None])
def test_every_help_screen_speaks_by_one_rule(
    config: Path, monkeypatch: pytest.MonkeyPatch, gate: str | None, environment: str | None
) -> None:
    """By what was asked for, wherever it stands; then the gate's language; then the environment's.
    Payroll's office is Vietnamese, and so is the list in which a clerk looks for a command."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    if environment:
        monkeypatch.setenv("LANG", environment)
    config.write_text(f'[gate]\nlanguage = "{gate}"\n' if gate else "")
    usual = gate or ("vi" if environment == "vi_VN.UTF-8" else "en")
    wrong = {}
    for path in [(), *commands(cli.main)]:
        office = path[:1] == ("receive",) and path[1:2] != ("key",)
        shown = {"vi" if "Cách dùng: " in help_of(*path) else "en"}
        if shown != {"vi" if office else usual}:
            wrong[path] = shown
    assert not wrong
    for path in [("receive",), ("receive", "stolen"), ("simulate",), ("workers", "add"), ()]:
        for asked, word in (("vi", "Cách dùng: "), ("en", "Usage: ")):
            assert word in help_of("--lang", asked, *path)
            assert word in help_of(*path, f"--lang={asked}")
            assert word in help_of(*path, "--lang", asked)


def test_what_is_named_instead_of_another_word_exists() -> None:
    known = {" ".join(path) for path in commands(cli.main)}
    meant = [forms[0] for name, forms in words("vi").items() if name.startswith("meant.")]
    assert not {f"meant.{name.replace(' ', '-')}" for name in known} & words("vi").keys()
    assert len(meant) > 40
    for line in (each.partition(" (")[0] for several in meant for each in several.split(", ")):
        program, _, command = line.partition(" ")
        assert program != "edge-agent" or command in known | {
            "--help",
            "--lang en status",
            "--version",
        }, line


@pytest.mark.parametrize("word", ["export", "import", "backup", "restore"])
def test_in_which_groups_a_command_is_told_where_it_is_not(config: Path, word: str) -> None:
    """All that there are, in each group that lacks it; but where what is meant there is known."""
    known = [" ".join(path) for path in commands(cli.main)]
    groups = {path.rpartition(" ")[0] for path in known}
    having = {path for path in known if path.endswith(f" {word}")}
    lacking = [
        group
        for group in sorted(groups)
        if f"{group} {word}".strip() not in known
        and f"meant.{group.replace(' ', '-')}-{word}" not in words("vi")
    ]
    assert "punches" in lacking
    assert "" in lacking
    for group in lacking:
        done = CliRunner().invoke(cli.main, ["--lang", "vi", *group.split(), word.upper(), "x"])
        told = " ".join(done.stderr.split())
        assert done.exit_code == 2
        assert [one for one in having if f"edge-agent {one} (" not in told] == [], group


def test_a_language_that_nobody_speaks_is_refused(config: Path) -> None:
    done = CliRunner().invoke(cli.main, ["status", "--lang", "fr"])
    assert (done.exit_code, "--lang" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        ('[gate]\nlanguage = "vi"\n', "Cách dùng"),
        ("[gate]\nid = 'x'\n  language='vi' # ours\n[log]\n", "Cách dùng"),
        ('[gate]\nlanguage = "auto"\n', "Usage"),
        ('[gate]\n#language = "vi"\n', "Usage"),
        ('[gate]\n[log]\nlanguage = "vi"\n', "Usage"),
        ("\xff", "Usage"),
    ],
)
def test_the_language_of_the_gate(config: Path, settings: str, heard: str) -> None:
    config.write_bytes(settings.encode("latin-1"))
    assert f"{heard}: " in help_of("prints")
    assert "Usage: " in help_of("--lang", "en", "prints")
    assert f"{heard}: " in help_of("simulate")  # That of the gate on its machine.


def test_a_typing_error_is_told_in_the_language(config: Path) -> None:
    done = CliRunner().invoke(cli.main, ["--lang", "vi", "statsu"])
    assert done.stderr.endswith("Lỗi: Không có lệnh 'statsu'. Có phải là 'status' không?\n")
    done = CliRunner().invoke(cli.main, ["--lang", "vi", "enroll", "7", "--fnger", "x"])
    assert "Lỗi: Không có tùy chọn '--fnger'. Có phải là: '--finger'?" in done.stderr


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("spoken", ["en", "vi"])
def test_help_is_as_wide_as_the_terminal(
    config: Path, monkeypatch: pytest.MonkeyPatch, columns: int, spoken: str
) -> None:
    """No word is torn, only one word alone may be wider, what is typed goes on after a ``\\``."""
    language.use(spoken)
    heading = {"en": "Examples", "vi": "Ví dụ"}[spoken]
    for path in commands(cli.main):
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = help_of("--lang", spoken, *path)
        monkeypatch.setenv("COLUMNS", "1000")
        whole = help_of("--lang", spoken, *path).replace("|\n    ", "|")
        told, _, typed = shown.partition(f"\n{heading}:\n")
        assert set(typed.replace("\\\n", " ").split()) <= set(whole.split()), path
        for word in told.replace("\\\n", "").replace("|\n    ", "|").split():
            assert word in whole, (path, word)
        wide = [line for line in told.splitlines() if len(line) > min(columns, 80)]
        # A path that there is room for stands whole, if further left than its column.
        assert [one for one in wide if len(one.strip()) <= columns and one[:1] == " "] == [], path
        wide += [line for line in typed.splitlines() if len(line) > columns]
        assert [line for line in wide if " " in line.strip().removesuffix(" \\")] == [], path
        lines = [one.strip() for one in re.sub(r" \\\n *", " ", typed).splitlines()]
        assert lines == examples_of(" ".join(path)), path
        assert " \\\n" not in whole


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        (
            "Không có mạng: edge-agent carry out TỆP",
            30,
            ["Không có mạng:", "edge-agent carry out TỆP"],
        ),
        ("xem: 'edge-agent punches list', rồi", 33, ["xem: 'edge-agent punches list',", "rồi"]),
        ("xem: 'edge-agent punches list', rồi", 30, ["xem:", "'edge-agent punches list', rồi"]),
        (
            "gõ 'sudo journalctl --vacuum-size=50M', rồi",
            28,
            ["gõ", "sudo journalctl \\", "--vacuum-size=50M", "rồi"],
        ),
        ("gõ sudo systemctl start x, rồi", 25, ["gõ", "sudo systemctl start x,", "rồi"]),
        (
            "của edge-agent này và một số máy khác",
            16,
            ["của edge-agent", "này và một số", "máy khác"],
        ),
        (
            "sao lưu lại ('sudo journalctl --vacuum-size=50M'), rồi",
            28,
            ["sao lưu lại:", "sudo journalctl \\", "--vacuum-size=50M", "rồi"],
        ),
        (
            "đang dùng (xem 'sudo journalctl --vacuum-size=50M').",
            28,
            ["đang dùng, xem", "sudo journalctl \\", "--vacuum-size=50M"],
        ),
        (
            "gõ: edge-agent templates backup a.templates -r KHÓA-CÔNG-KHAI",
            34,
            ["gõ: edge-agent templates backup \\", "a.templates -r KHÓA-CÔNG-KHAI"],
        ),
        (
            "gõ: edge-agent templates backup a.templates -r KHÓA-CÔNG-KHAI",
            28,
            ["gõ: edge-agent templates \\", "backup a.templates \\", "-r KHÓA-CÔNG-KHAI"],
        ),
        ("Hãy đọc qua --identity -, rồi", 24, ["Hãy đọc qua", "--identity -, rồi"]),
        ("hãy thêm --notes TỆP-CỦA-BẠN.", 19, ["hãy thêm --notes", "TỆP-CỦA-BẠN."]),
        ("hãy thêm vào --notes TỆP.", 20, ["hãy thêm vào", "--notes TỆP."]),
        ("Workers' own data 'and more of it", 20, ["Workers' own data", "'and more of it"]),
        ("last      06:58:12  Hoa", 30, ["last      06:58:12  Hoa"]),
    ],
)
def test_what_is_to_be_typed_is_torn_at_no_line_s_end(
    text: str, columns: int, shown: list[str]
) -> None:
    assert tell.folded(text, "", columns).splitlines() == shown


@pytest.mark.parametrize(
    "command",
    [
        "edge-agent punches void 48 --reason 'nhầm giờ'",
        "edge-agent punches add NV0042 --at '29/11/2026 06:58:00' --direction out --reason 'đổi'",
        "sudo edge-agent ledger backup '/media/thẻ nhớ của tôi' --json",
    ],
)
@pytest.mark.parametrize("before", ["Đã thêm lần chấm (mục 48). Muốn bỏ: ", "Ví dụ: ", ""])
def test_a_command_that_is_shown_can_be_pasted_at_any_width(before: str, command: str) -> None:
    shown = [tell.folded(before + command, "", columns) for columns in range(20, 120)]
    pasted = [one[one.index(command.split(maxsplit=1)[0]) :] for one in shown]
    script = "\n".join(f"printf '[%s]' {one}; echo" for one in pasted)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    meant = "".join(f"[{word}]" for word in shlex.split(command))
    assert done.stdout.splitlines() == [meant] * len(shown)


def as_typed(shown: str) -> list[str]:
    r"""The words of a command that begins there, line by line: whatever is open where a ``\\``
    stands would have it among its words."""
    lines = shown.split("\n")
    end = next(at for at, one in enumerate(lines) if not one.endswith(" \\"))
    return [word for one in lines[: end + 1] for word in shlex.split(one.removesuffix(" \\"))]


WORDS = st.text(st.sampled_from("ab Ơừ'\"\\$-=/"), min_size=1, max_size=9) | st.sampled_from(
    ["--reason", "nhầm giờ", "/media/thẻ nhớ/x.db", "NV0042", "Lò Thị Mây", "it's here", "TỆP"]
)


@given(
    words=st.lists(WORDS, min_size=1, max_size=6),
    columns=st.integers(20, 90),
    around=st.sampled_from(
        ["{}", "Muốn bỏ: {}", "xem '{}', rồi", "sao lưu ('{}').", "(hãy gõ {})"]
    ),
    indent=st.sampled_from(["", "      "]),
)
def test_any_command_in_a_sentence_can_be_typed_as_its_lines_show_it(
    words: list[str], columns: int, around: str, indent: str
) -> None:
    """Whatever of it wants quotes; a sentence's own are left out where it has several lines."""
    meant = ["edge-agent", *words]
    line = shlex.join(meant)
    shown = tell.folded(around.format(line), indent, columns, indent)
    head, _, rest = shown.partition("edge-agent")
    if f"'{line}'" in shown and head.endswith("'"):
        return
    assert not head.endswith("'"), shown
    assert as_typed(f"edge-agent{rest}".removesuffix(")" * around.startswith("("))) == meant, shown


@pytest.mark.parametrize(
    "typed",
    [
        r"edge-agent punches void 1 --note='nhầm giờ rồi' --yes",
        r"""edge-agent workers rename NV1 'it'"'"'s a long name' --yes""",
        "edge-agent receive --database '/media/thẻ nhớ của tôi/payroll.db'",
    ],
)
def test_quotes_within_a_command_are_not_torn(typed: str) -> None:
    for columns in range(20, 80):
        for text in (f"gõ: {typed}", f"gõ '{typed}', rồi thôi"):
            shown = tell.folded(text, "", columns)
            if f"gõ '{typed}'" in shown or f"\n'{typed}'" in shown:
                continue
            assert as_typed(shown[shown.index("edge-agent") :]) == shlex.split(typed), shown


def test_a_word_that_its_column_has_no_room_for_begins_further_left() -> None:
    """A terminal would tear it: in a path, at a hyphen and to the first column."""
    shown = tell.folded("--config TỆP     Mặc định: /etc/gate/gate.toml]", " " * 17, 34)
    assert shown.splitlines() == ["--config TỆP     Mặc định:", " " * 14 + "/etc/gate/gate.toml]"]


def test_a_path_that_is_typed_with_dots_is_shown_without(tmp_path: Path) -> None:
    """But where a link stands before them, for there they lead elsewhere."""
    for folder in ("desk", "stick", "far/deep"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "deep")
    typed = FilePath(path_type=Path)
    for path, taken in (
        (tmp_path / "desk" / ".." / "stick" / "x.templates", tmp_path / "stick" / "x.templates"),
        (tmp_path / "desk" / "..", tmp_path),
        (tmp_path / "link" / ".." / "x", tmp_path / "link" / ".." / "x"),
        (Path("x"), Path("x")),
    ):
        assert str(typed.convert(str(path), None, None)) == str(taken)


def test_what_follows_a_command_is_no_part_of_it() -> None:
    text = "gõ edge-agent punches void 1 --reason 'nhầm giờ' rồi xem lại sổ"
    *_, last = tell.folded(text, "", 50).splitlines()
    assert last == "rồi xem lại sổ"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["retire", "--within", "-1"], "không nằm trong khoảng từ 0."),
        (["receive", "--port", "70000"], "không nằm trong khoảng từ 1 đến 65535."),
    ],
)
def test_a_number_out_of_its_range_is_told_with_it(typed: list[str], told: str) -> None:
    done = CliRunner().invoke(cli.main, ["--lang", "vi", *typed])
    assert (done.exit_code, told in " ".join(done.stderr.split())) == (2, True), done.stderr


def test_each_value_has_its_word() -> None:
    """What stands for a value on a line, such as CODE, is a word of the language too."""
    for path in commands(cli.main):
        shown = help_of("--lang", "vi", *path)
        values = re.findall(
            r"(?<![\w-])[A-Z]{3,}(?![\w.])", re.sub(r"\[[^\]]*_[^\]]*\]", "", shown)
        )
        assert set(values) <= KNOWN_CAPITALS, path


KNOWN_CAPITALS = {
    *("JSON", "PIN", "CSV", "XLSX", "TLS", "PEM", "MQTT", "USB", "TOML", "SIGTERM", "SIGUSR"),
}


def test_each_example_is_a_command_that_there_is() -> None:
    """With what it needs, and options that it has; no command is without one."""
    for name, command in every_command():
        lines = [line for line in examples_of(name) if not line.startswith("sudo systemctl")]
        assert lines, name
        for line in lines:
            program, _, typed = line.rpartition("edge-agent ")
            words = shlex.split(typed.replace(" --lang vi", ""))
            given, _, _ = command.make_parser(click.Context(command)).parse_args(
                words[len(name.split()) :]
            )
            assert (program, words[: len(name.split())]) == (program, name.split()), line
            needed = [one for one in command.params if one.required]
            missing = [one.name for one in needed if given.get(one.name or "") in (None, ())]
            assert missing == [], line


class Terminal(io.StringIO):
    """Of a charset, as its locale says it."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("utf-8", "Đã đăng ký: Lò Thị Mây … ×", "Đã đăng ký: Lò Thị Mây … ×"),
        ("ascii", "Đã đăng ký: Lò Thị Mây … ×", "Da dang ky: Lo Thi May ... x"),
        ("latin-1", "Lò Thị Mây", "Lò Thi Mây"),
        ("ascii", "日本", "??"),
        ("utf-8", "a\tb\nc", "a\tb\nc"),
        ("utf-8", "\x1b]0;x\x07\u202eb\r\x9b", "\\x1b]0;x\\x07\\u202eb\\r\\x9b"),
    ],
)
def test_no_terminal_gets_what_it_cannot_show_or_would_obey(
    encoding: str, text: str, shown: str
) -> None:
    assert tell.legible(text, Terminal(encoding)) == shown


@pytest.mark.parametrize(
    ("spoken", "typed", "agreed"),
    [
        ("en", "y\n", True),
        ("en", "\n", False),
        ("en", "what\nyes\n", True),
        ("vi", "c\n", True),
        ("vi", "có\n", True),
        ("vi", "Y\n", True),
        ("vi", "k\n", False),
        ("vi", "\n", False),
    ],
)
def test_a_question_is_answered_in_the_language(spoken: str, typed: str, agreed: bool) -> None:
    @click.command()
    def asks() -> None:
        language.use(spoken)
        tell.confirm("Go on?")

    done = CliRunner().invoke(asks, input=typed)
    assert (done.exit_code == 0) is agreed
    assert ("[c/K]" if spoken == "vi" else "[y/N]") in done.stderr
    assert done.stdout == ""


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_told_after_ctrl_c_begins_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal has shown a ^C by then, which made a line two letters too wide."""
    monkeypatch.setattr(sys, "stderr", _Screen())
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        tell.tell("Broken off.", err=True)
    assert sys.stderr.getvalue() == "\nBroken off.\n"  # type: ignore[attr-defined]


def test_ctrl_c_at_a_question_ends_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Screen()
    monkeypatch.setattr(sys, "stderr", screen)

    def interrupted(*args: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    with pytest.raises(click.Abort):
        tell.answer("Which finger?")
    assert screen.getvalue().endswith("\n")
