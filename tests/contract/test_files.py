"""docs/contract/ is what the code makes of its own types."""

from edge_agent.contract.schemas.files import FOLDER, files


def test_the_published_files_are_those_of_the_code() -> None:
    kept = {str(p.relative_to(FOLDER)): p.read_text("utf-8") for p in FOLDER.rglob("*.json")}
    made = files()

    different = sorted(
        name for name in kept.keys() | made.keys() if kept.get(name) != made.get(name)
    )
    assert not different, f"what goes over the wire has changed: run 'make contract' ({different})"


def test_each_file_says_that_it_is_free() -> None:
    assert all("CC0-1.0" in text for text in files().values())
