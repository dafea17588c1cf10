#!/bin/sh
# What follows once the files are in their places, as often as anybody likes: users and groups, the
# folders, udev's rules, and the units that run are started anew. As root, on the machine itself.
set -eu
# Python's own copies of the modules: nobody but root may write them there.
for venv in /opt/edge-agent/venv /usr/lib/edge-agent/venv; do
    [ ! -e $venv/bin/python ] || $venv/bin/python -m compileall -q $venv/lib >/dev/null || true
done
systemd-sysusers edge-agent.conf edge-agent-display.conf edge-agent-receiver.conf
systemd-tmpfiles --create edge-agent.conf
[ -d /run/systemd/system ] || exit 0
if command -v udevadm >/dev/null; then
    udevadm control --reload || true
    udevadm trigger --subsystem-match=gpio || true
fi
systemctl daemon-reload
systemctl try-restart systemd-journald
systemctl try-restart edge-agent 'edge-agent@*' edge-agent-display edge-agent-receiver
