#!/bin/bash
# dist/edge-agent-bundle.tar.gz: this checkout as committed, with every wheel that a gate without
# internet needs. PYTHON_VERSION (3.11) and MACHINE (aarch64) are the gate's, not this machine's.
# KEY: an Ed25519 private key (openssl genpkey -algorithm ed25519); beside the bundle lies its
# signature then, and 'edge-agent upgrade' takes it where the key's other half is in the settings.
set -euo pipefail
cd "$(dirname "$0")/../.."
python_version=${PYTHON_VERSION:-3.11} machine=${MACHINE:-aarch64} key=${KEY:-}
python=.venv/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bundle=dist/edge-agent-bundle.tar.gz
mkdir -p "$work/edge-agent" dist
rm -f "$bundle" "$bundle.sig"
git archive HEAD | tar x -C "$work/edge-agent"
platforms=()
for glibc in 2014 _2_17 _2_24 _2_26 _2_27 _2_28 _2_31 _2_34; do
    platforms+=(--platform "manylinux${glibc}_$machine")
done
$python -m pip download -q --disable-pip-version-check --only-binary=:all: --no-deps --require-hashes \
    --python-version "$python_version" "${platforms[@]}" \
    -d "$work/edge-agent/wheels" -r config/constraints-display.txt
systemd/packaging/wheel.sh $python "$work/edge-agent/wheels"
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' edge_agent/__init__.py)
printf '{"version": "%s", "python": "%s", "machine": "%s"}\n' "$version" "$python_version" "$machine" \
    >"$work/edge-agent/bundle.json"
tar c -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(systemd/packaging/date.sh)" edge-agent |
    gzip -n >"$bundle"
[ -z "$key" ] || openssl pkeyutl -sign -rawin -inkey "$key" -in "$bundle" -out "$bundle.sig"
ls -l "$bundle"*
