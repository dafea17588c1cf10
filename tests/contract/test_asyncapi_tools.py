"""What others' tools make of the documents: AsyncAPI's parser and generator, and ajv."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.kinds import KINDS, kind_of
from edge_agent.contract.schemas.files import FOLDER
from edge_agent.contract.schemas.json_schemas import entry_of
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

_STRICT = """
import {readFileSync} from "node:fs";
import ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
const problems = [];
for (const file of process.argv.slice(2)) {
    const tell = (...said) => problems.push([file, ...said].join(" "));
    const logger = {log: tell, warn: tell, error: tell};
    const strict = new ajv.default({strict: true, strictTypes: true, strictRequired: true, logger});
    formats.default(strict);
    const schema = JSON.parse(readFileSync(file, "utf-8"));
    try {
        const valid = strict.compile(schema);
        schema.examples.filter(it => !valid(it)).forEach(() => tell("does not take its example"));
    } catch (error) {
        tell(error.message);
    }
}
console.log(JSON.stringify({problems}));
"""

_TYPES = """
import {readFileSync} from "node:fs";
import {JavaGenerator, TypeScriptGenerator} from "@asyncapi/modelina";
const generator = process.argv[3] === "java"
    ? new JavaGenerator() : new TypeScriptGenerator({modelType: "interface"});
const models = await generator.generate(JSON.parse(readFileSync(process.argv[2], "utf-8")));
console.log(JSON.stringify(Object.fromEntries(models.map(it => [it.modelName, it.result]))));
"""

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = installed(
        tmp_path_factory.mktemp("asyncapi"),
        *("@asyncapi/parser@3.6.3", "@asyncapi/modelina@5", "ajv@8", "ajv-formats@3"),
    )
    for name, text in (("check", _CHECK), ("strict", _STRICT), ("types", _TYPES)):
        (folder / f"{name}.mjs").write_text(text)
    return folder


def said(tools: Path, *files: Path | str, by: str = "check") -> dict[str, Any]:
    node = shutil.which("node")
    assert node
    done = subprocess.run(
        [node, f"{by}.mjs", *files], cwd=tools, capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_document_is_sound(tools: Path) -> None:
    answer = said(tools, FOLDER / "asyncapi.json")

    assert answer["problems"] == []
    assert "{root}/{gate}/ledger" in answer["channels"]


def test_a_planted_mistake_is_found(tools: Path, tmp_path: Path) -> None:
    document = json.loads((FOLDER / "asyncapi.json").read_text("utf-8"))
    document["channels"]["ledger"]["messages"]["punch.recorded"]["$ref"] = "#/components/nowhere"
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(document))

    assert said(tools, broken)["problems"]


def test_ajv_takes_the_schemas_and_their_examples_under_its_strict_rules(
    tools: Path, tmp_path: Path
) -> None:
    schemas = [path for path in FOLDER.rglob("*.json") if path.name != "asyncapi.json"]

    assert said(tools, *schemas, by="strict")["problems"] == []

    guessed = json.loads((FOLDER / "receipt.json").read_text("utf-8"))
    del guessed["type"]
    (tmp_path / "guessed.json").write_text(json.dumps(guessed))
    assert said(tools, tmp_path / "guessed.json", by="strict")["problems"]


def test_a_code_generator_makes_a_right_type_of_every_kind(tools: Path) -> None:
    types = said(tools, FOLDER / "asyncapi.json", by="types")

    for fact in KINDS:
        assert f"data: {fact.__name__};" in types[entry_of(fact)]
        assert f"kind: '{kind_of(fact)}';" in types[fact.__name__]
    assert "at: string | null;" in types["PunchRecorded"]
    # Newer generators write evidenceHash.
    assert re.search(r"evidence(_h|H)ash\?: string;", types["PunchRecorded"])
    untyped = {
        name
        for name, text in types.items()
        for line in text.splitlines()
        if line.strip().endswith(": any;")
    }
    assert untyped <= {"PunchAdded"}  # ``direction_source``, which is always null.
    assert not any(name.startswith("Anonymous") for name in types)


def test_no_generated_number_is_too_short_for_what_it_holds(tools: Path) -> None:
    types = said(tools, FOLDER / "asyncapi.json", "java", by="types")

    assert "private long seq;" in types["PunchRecorded"]
    assert "private long boottimeMs;" in types["Reading"]
    assert "private long offsetMs;" in types["ClockSynced"]
    short = re.findall(r"private (?:int|Integer) (\w+);", "\n".join(types.values()))
    assert short == []
