#!/bin/sh
# What follows once a program is laid out, as often as anybody likes: from here on it is the one that
# counts, with its users, groups, folders, udev's rules and units, and the units that run are started
# anew. As root, on the machine itself. ROOT: below another root only the files get to their places.
set -eu
root=${ROOT:-}
own=$(cd "$(dirname "$0")" && pwd -P)

# A name that leads elsewhere from one moment to the next: after a power cut it is there, old or new.
lead() { # lead NAME TARGET
    ln -sfn "$2" "$1.new"
    mv -T "$1.new" "$1"
}

home=
case $own in */versions/*) home=${own%/versions/*} ;; esac
if [ -n "$home" ]; then
    version=versions/${own##*/}
    was=$(readlink "$home/current" || true)
    [ -z "$was" ] || [ "$was" = "$version" ] || lead "$home/previous" "$was"
    lead "$home/current" "$version"
    sync -f "$home"
    (cd "$own/files" && find . -type f) | while read -r file; do
        place=$root/${file#./}
        mkdir -p "$(dirname "$place")"
        cp -p "$own/files/$file" "$place.new"
        mv -T "$place.new" "$place"
    done
    mkdir -p "$root/usr/local/bin"
    lead "$root/usr/local/bin/edge-agent" /opt/edge-agent/current/venv/bin/edge-agent
    sync -f "$root/etc" "$root/usr/local"
else
    # Python's own copies of the modules: nobody but root may write them there.
    "$own/venv/bin/python" -m compileall -q "$own/venv/lib" >/dev/null || true
fi
[ -z "$root" ] || exit 0
systemd-sysusers edge-agent.conf edge-agent-display.conf edge-agent-receiver.conf
systemd-tmpfiles --create edge-agent.conf
if [ -d /run/systemd/system ]; then
    if command -v udevadm >/dev/null; then
        udevadm control --reload || true
        udevadm trigger --subsystem-match=gpio || true
    fi
    systemctl daemon-reload
    [ -z "$home" ] || systemctl -q enable edge-agent-upgrade
    systemctl try-restart systemd-journald
    systemctl try-restart edge-agent 'edge-agent@*' edge-agent-display edge-agent-receiver
fi
[ -n "$home" ] || exit 0
# Kept are the one that counts and the one before; what was here before there were versions goes.
for one in "$home"/versions/*; do
    case versions/${one##*/} in
    "$(readlink "$home/current")" | "$(readlink "$home/previous" || true)") ;;
    *) rm -rf "$one" ;;
    esac
done
rm -rf "$home/venv" "$home/venv.new" "$home/venv.old" "$home/settle.sh"
