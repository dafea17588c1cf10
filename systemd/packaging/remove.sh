#!/bin/sh
# Take a local installation away again: remove.sh [--purge]. Settings and data stay: with --purge
# it asks whether they should go, and only the word that it asks for is a yes.
set -eu
[ "$(id -u)" = 0 ] || {
    echo 'This takes root: sudo make uninstall' >&2
    exit 77
}
if [ -d /run/systemd/system ]; then
    systemctl stop 'edge-agent@*' 2>/dev/null || true
    systemctl disable --now edge-agent edge-agent-display edge-agent-receiver edge-agent-backup.timer \
        edge-agent-metrics.timer edge-agent-upgrade 2>/dev/null || true
fi
rm -rf /opt/edge-agent/versions /opt/edge-agent/upgrade
rm -f /opt/edge-agent/current /opt/edge-agent/previous /opt/edge-agent/edge-agent.toml
rmdir /opt/edge-agent 2>/dev/null || true
[ "$(readlink /usr/local/bin/edge-agent || true)" != /opt/edge-agent/current/venv/bin/edge-agent ] ||
    rm /usr/local/bin/edge-agent
for unit in systemd/edge-agent*; do
    rm -f "/etc/systemd/system/${unit##*/}"
done
rm -f /etc/systemd/system/edge-agent@.service
rm -f /etc/sysusers.d/edge-agent.conf /etc/sysusers.d/edge-agent-display.conf /etc/sysusers.d/edge-agent-receiver.conf \
    /etc/tmpfiles.d/edge-agent.conf /etc/systemd/journald.conf.d/edge-agent.conf \
    /etc/udev/rules.d/70-edge-agent-gpio.rules
(cd /usr/local/share && rm -f man/man1/edge-agent.1 man/vi/man1/edge-agent.1 \
    bash-completion/completions/edge-agent zsh/site-functions/_edge-agent)
[ ! -d /run/systemd/system ] || systemctl daemon-reload
kept='/etc/edge-agent /var/lib/edge-agent /var/lib/edge-agent-receiver /var/backups/edge-agent'
if [ "${1:-}" = --purge ]; then
    echo "Delete the settings and every punch, print and worker in $kept?"
    printf "There is no way back. Type 'delete' to do so: "
    read -r answer || answer=
    if [ "$answer" = delete ]; then
        rm -rf $kept
        echo 'All of it is deleted.'
        exit 0
    fi
fi
echo "Removed. Settings and data are where they were: $kept"
