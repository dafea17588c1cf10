#!/bin/sh
# Lay out all that a gate needs below ROOT: stage.sh local|package [ROOT]
#   local     where an administrator installs: /opt, /usr/local/bin, /etc
#   package   where a Debian package does: /usr/lib, /usr/bin
# PYTHON: the interpreter (python3). Packages come from wheels/ where that is there (make bundle),
# else from PyPI; only those that config/constraints-display.txt names, by their hashes.
set -eu
cd "$(dirname "$0")/../.."
layout=$1
root=${2:-}
python=${PYTHON:-python3}
case $layout in
local) program=/opt/edge-agent bin=/usr/local/bin units=/etc/systemd/system own=/etc share=/usr/local/share ;;
package) program=/usr/lib/edge-agent bin=/usr/bin units=/usr/lib/systemd/system own=/usr/lib share=/usr/share ;;
*)
    echo "stage.sh: local or package, not '$layout'" >&2
    exit 2
    ;;
esac
venv=$program/venv

"$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer with venv is needed: apt install python3-venv" >&2
    exit 1
}

# Made beside the one that runs: it takes that one's place once it is whole.
new=$root$venv.new
rm -rf "$new"
mkdir -p "$root$program" "$root$bin"
"$python" -m venv "$new"
pip="$new/bin/python -m pip --disable-pip-version-check --no-input"
offline=
[ ! -d wheels ] || offline="--no-index --find-links wheels"
$pip install -q --no-compile --require-hashes $offline -r config/constraints-display.txt
if [ -d wheels ]; then
    $pip install -q --no-compile --no-deps --no-index wheels/attendance_edge_agent-*.whl
else
    # What builds it is among the packages.
    wheel=$(mktemp -d)
    trap 'rm -rf "$wheel"' EXIT
    systemd/packaging/wheel.sh "$new/bin/python" "$wheel" --no-build-isolation
    $pip install -q --no-compile --no-deps --no-index "$wheel"/attendance_edge_agent-*.whl
fi
"$new/bin/edge-agent" --version >/dev/null

# What names its own place names the one that it will have; nobody calls the rest.
rm -f "$new"/bin/activate* "$new"/bin/Activate*
find "$new" \( -name direct_url.json -o -name RECORD -o -name '*.pyc' \) -delete
grep -rlIF "$new" "$new/bin" "$new/pyvenv.cfg" | while read -r file; do
    sed -i "s|$new|$venv|g" "$file"
done
rm -rf "$root$venv.old"
[ ! -e "$root$venv" ] || mv "$root$venv" "$root$venv.old"
mv "$new" "$root$venv"
ln -sfn "$venv/bin/edge-agent" "$root$bin/edge-agent"

put() { # put FILE PLACE
    mkdir -p "$root$(dirname "$2")"
    rm -f "$root$2"
    cp "$1" "$root$2"
    chmod 0644 "$root$2"
}
for unit in systemd/edge-agent*; do
    put "$unit" "$units/${unit##*/}"
done
second=$(mktemp)
sed -f systemd/packaging/second.sed systemd/edge-agent.service >"$second"
put "$second" "$units/edge-agent@.service"
rm "$second"
put config/edge-agent.sysusers.conf $own/sysusers.d/edge-agent.conf
put config/edge-agent-display.sysusers.conf $own/sysusers.d/edge-agent-display.conf
put config/edge-agent-receiver.sysusers.conf $own/sysusers.d/edge-agent-receiver.conf
put config/edge-agent.tmpfiles.conf $own/tmpfiles.d/edge-agent.conf
put config/edge-agent.journald.conf $own/systemd/journald.conf.d/edge-agent.conf
put config/edge-agent-gpio.rules $own/udev/rules.d/70-edge-agent-gpio.rules
for page in man/man1/edge-agent.1 man/vi/man1/edge-agent.1 bash-completion/completions/edge-agent \
    zsh/site-functions/_edge-agent; do
    put config/share/$page $share/$page
done
put config/edge-agent.toml $program/edge-agent.toml
put systemd/packaging/settle.sh $program/settle.sh
chmod 0755 "$root$program/settle.sh"
