#!/bin/bash
# dist/edge-agent-bundle.tar.gz: this checkout as committed, with every wheel that a gate without
# internet needs. PYTHON_VERSION (3.11) and MACHINE (aarch64) are the gate's, not this machine's.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${PYTHON_VERSION:-3.11} machine=${MACHINE:-aarch64}
python=.venv/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/edge-agent" dist 2>/dev/null || [ -d dist ]
git archive HEAD | tar x -C "$work/edge-agent"
platforms=()
for glibc in 2014 _2_17 _2_24 _2_26 _2_27 _2_28 _2_31 _2_34; do
    platforms+=(--platform "manylinux${glibc}_$machine")
done
$python -m pip download -q --disable-pip-version-check --only-binary=:all: --no-deps --require-hashes \
    --python-version "$version" "${platforms[@]}" \
    -d "$work/edge-agent/wheels" -r config/constraints-display.txt
systemd/packaging/wheel.sh $python "$work/edge-agent/wheels"
tar c -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(systemd/packaging/date.sh)" edge-agent |
    gzip -n >dist/edge-agent-bundle.tar.gz
ls -l dist/edge-agent-bundle.tar.gz
