#!/bin/sh
# Build the program's wheel into DIRECTORY: wheel.sh PYTHON DIRECTORY [pip's options]. From a copy:
# what building leaves behind must not get into the next one. The same bytes each time.
set -eu
cd "$(dirname "$0")/../.."
python=$1 directory=$2
shift 2
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
cp -R edge_agent LICENSE LICENSES README.md pyproject.toml setup.cfg "$source"
find "$source" -name __pycache__ -prune -exec rm -rf {} +
# Whoever may look at the sources may look at the program, whatever the umask was.
chmod -R u=rwX,go=rX "$source"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(systemd/packaging/date.sh)} \
    "$python" -m pip wheel -q --disable-pip-version-check --no-deps -w "$directory" "$@" "$source"
