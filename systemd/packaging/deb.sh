#!/bin/sh
# dist/edge-agent_VERSION_ARCHITECTURE.deb, for the Debian that it is made on; the same bytes each
# time. PYTHON: that Debian's own (/usr/bin/python3).
set -eu
cd "$(dirname "$0")/../.."
python=$(readlink -f "${PYTHON:-/usr/bin/python3}")
SOURCE_DATE_EPOCH=$(systemd/packaging/date.sh)
export SOURCE_DATE_EPOCH
. /etc/os-release
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 0755 "$root"
umask 022
PYTHON=$python systemd/packaging/stage.sh package "$root"

# What the gate itself does not call, and what only installs other packages.
lib=$(echo "$root"/usr/lib/edge-agent/venv/lib/python3.*/site-packages)
find "$root/usr/lib/edge-agent/venv/bin" ! -name 'python*' ! -name edge-agent ! -type d -delete
rm -rf "$lib"/pip "$lib"/pip-* "$lib"/setuptools "$lib"/setuptools-* "$lib"/pkg_resources \
    "$lib"/_distutils_hack "$lib"/distutils-precedence.pth "$root/usr/lib/edge-agent/venv/include"
"$root/usr/lib/edge-agent/venv/bin/python" -c 'import sys; sys.path.insert(0, sys.argv[1])
import edge_agent.gate.daemon.run, edge_agent.cli, gpiod, uvicorn' "$lib"
find "$root" -name __pycache__ -type d -prune -exec rm -rf {} +
rm -f "$root/usr/lib/edge-agent/venv/.gitignore"
find "$root/usr/share/man" -type f -exec gzip -9n {} +
mkdir -p "$root/usr/bin"
ln -sfn ../lib/edge-agent/venv/bin/edge-agent "$root/usr/bin/edge-agent"
ln -sfn "../../../../bin/$(basename "$python")" "$root/usr/lib/edge-agent/venv/bin/$(basename "$python")"
find "$root/usr/lib" -type f -exec chmod u=rw,go=r {} +
find "$lib" -name '*.so*' -exec chmod a-x {} +
chmod 0755 "$root"/usr/lib/edge-agent/venv/bin/edge-agent "$root"/usr/lib/edge-agent/settle.sh

version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' edge_agent/__init__.py)+deb$VERSION_ID
architecture=$(dpkg --print-architecture)
maintainer='Edge Agent maintainers <maintainers@edge-agent.invalid>'
doc=$root/usr/share/doc/edge-agent
mkdir -p "$doc/examples" "$root/usr/share/lintian/overrides" "$root/DEBIAN"
cp systemd/packaging/debian/lintian-overrides "$root/usr/share/lintian/overrides/edge-agent"
cp config/edge-agent.toml "$doc/examples/"
{
    echo 'Edge Agent, attendance at a gate. GPL-3.0-or-later (/usr/share/common-licenses/GPL-3),'
    echo 'its letters OFL-1.1. What it carries, each under its own licence:'
    echo
    for package in "$lib"/*.dist-info; do
        sed -n '/^Name: /p; /^Version: /p; /^License: /p; /^License-Expression: /p; /^$/q' "$package/METADATA" | paste -sd ' '
    done
    echo
    cat LICENSES/*
} >"$doc/copyright"
{
    echo "edge-agent ($version) $VERSION_CODENAME; urgency=medium"
    echo
    echo '  * See https://keepachangelog.com: CHANGELOG.md of the sources.'
    echo
    echo " -- $maintainer  $(date -uR -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.gz"
for script in config postinst prerm postrm; do
    install -m 0755 "systemd/packaging/debian/$script" "$root/DEBIAN/$script"
done
install -m 0644 systemd/packaging/debian/templates "$root/DEBIAN/templates"
sed "s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@MAINTAINER@|$maintainer|
    s|@SIZE@|$(du -sk --apparent-size "$root" | cut -f1)|; s|@PYTHON@|$(basename "$python")|g" \
    systemd/packaging/debian/control.in >"$root/DEBIAN/control"
(cd "$root" && find usr -type f -printf '%P\n' | LC_ALL=C sort | sed 's|^|usr/|' | xargs -d '\n' md5sum >DEBIAN/md5sums)
chmod 0644 "$root/DEBIAN/md5sums" "$root/DEBIAN/control"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
mkdir -p dist
dpkg-deb --root-owner-group -Zxz --build "$root" "dist/edge-agent_${version}_$architecture.deb" >/dev/null
ls -l "dist/edge-agent_${version}_$architecture.deb"
