"""``make test AREA=touch``: the folders and files of tests that are named so, wherever they stand.

``python -m tests.areas NAME`` prints their paths, and on stderr what they are; of an unknown name
it says so, with all that there are, and exits with 2.
"""

import sys
import textwrap
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent


def areas() -> dict[str, list[Path]]:
    """Each name of a folder or file of tests → where it stands, from the project's folder."""
    found = defaultdict(list)
    for file in sorted(TESTS.rglob("test_*.py")):
        path = file.relative_to(TESTS.parent)
        found[file.stem.removeprefix("test_")].append(path)
        for folder in path.parents:
            if folder.parent.parts and folder not in found[folder.name]:
                found[folder.name].append(folder)
    return dict(found)


def main(name: str) -> int:
    """Print the paths of an area; the exit code."""
    known = areas()
    if name in known:
        paths = known[name]
        # What stands in another of them would run twice.
        outer = [path for path in paths if not set(path.parents) & set(paths)]
        told = " ".join(map(str, outer))
        print(f"{name}: {told}", file=sys.stderr)
        print(told)
        return 0
    folders = sorted(name for name, paths in known.items() if any((p.suffix == "") for p in paths))
    files = sorted(known.keys() - set(folders))
    print(f"There is no area of tests that is called '{name}'.", file=sys.stderr)
    for kind, names in (("folders", folders), ("files", files)):
        text = f"The {kind}: {', '.join(names)}"
        print(textwrap.fill(text, 100, subsequent_indent="  "), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
