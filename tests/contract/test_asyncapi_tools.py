"""What the AsyncAPI initiative's own parser says of the document."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_agent.contract.schemas.files import FOLDER
from tests.node import installed

_CHECK = """
import {readFileSync} from "node:fs";
import {Parser} from "@asyncapi/parser";
const found = await new Parser().parse(readFileSync(process.argv[2], "utf-8"));
console.log(JSON.stringify({
    document: found.document !== undefined,
    channels: found.document?.channels().all().map(channel => channel.address()) ?? [],
    problems: found.diagnostics.filter(it => it.severity < 2).map(it => it.message),
}));
"""

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = installed(tmp_path_factory.mktemp("asyncapi"), "@asyncapi/parser@3.6.3")
    (folder / "check.mjs").write_text(_CHECK)
    return folder


def said(parser: Path, document: Path) -> dict[str, object]:
    node = shutil.which("node")
    assert node
    done = subprocess.run(
        [node, "check.mjs", document], cwd=parser, capture_output=True, text=True, check=True
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_the_document_is_sound(parser: Path) -> None:
    answer = said(parser, FOLDER / "asyncapi.json")

    assert answer["problems"] == []
    assert "{root}/{gate}/ledger" in answer["channels"]


def test_a_planted_mistake_is_found(parser: Path, tmp_path: Path) -> None:
    document = json.loads((FOLDER / "asyncapi.json").read_text("utf-8"))
    document["channels"]["ledger"]["messages"]["punch.recorded"]["$ref"] = "#/components/nowhere"
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(document))

    assert said(parser, broken)["problems"]
