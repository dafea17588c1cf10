#!/bin/sh
# Lay out all that a gate needs below ROOT: stage.sh local|package [ROOT]
#   local     where an administrator installs: a version beside those that are there, below
#             /opt/edge-agent/versions, with all that belongs elsewhere in its files/. Nothing of it
#             counts before that version's settle.sh has run. Prints the version's name.
#   package   where a Debian package does: /usr/lib, /usr/bin
# PYTHON: the interpreter (python3). Packages come from wheels/ where that is there (make bundle),
# else from PyPI; only those that config/constraints-display.txt names, by their hashes.
set -eu
cd "$(dirname "$0")/../.."
layout=$1
root=${2:-}
python=${PYTHON:-python3}
case $layout in
local)
    versions=/opt/edge-agent/versions
    for half in "$root$versions"/*; do
        [ -e "$half/complete" ] || rm -rf "$half"
    done
    version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' edge_agent/__init__.py)
    number=1
    while [ -e "$root$versions/$version-$number" ]; do number=$((number + 1)); done
    program=$versions/$version-$number files=$program/files
    units=/etc/systemd/system own=/etc share=/usr/local/share original=/opt/edge-agent
    ;;
package)
    program=/usr/lib/edge-agent files=
    units=/usr/lib/systemd/system own=/usr/lib share=/usr/share original=$program
    ;;
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

new=$root$venv
mkdir -p "$root$program"
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

put() { # put FILE PLACE
    mkdir -p "$root$files$(dirname "$2")"
    rm -f "$root$files$2"
    cp "$1" "$root$files$2"
    chmod 0644 "$root$files$2"
}
for unit in systemd/edge-agent*; do
    # A package is upgraded by the machine's own means.
    [ "$layout" = local ] || [ "$unit" != systemd/edge-agent-upgrade.service ] || continue
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
put config/edge-agent.toml $original/edge-agent.toml
cp systemd/packaging/settle.sh "$root$program/settle.sh"
chmod 0755 "$root$program/settle.sh"
[ "$layout" = local ] || exit 0
# Python's own copies of the modules: nobody but root may write them there, and no gate waits for them.
# Where the date of all files is to be one, by what stands in them.
"$new/bin/python" -m compileall -q ${SOURCE_DATE_EPOCH:+--invalidation-mode unchecked-hash} "$new/lib" >/dev/null || true
sync -f "$root$program"
: >"$root$program/complete"
sync -f "$root$program"
echo "${program##*/}"
