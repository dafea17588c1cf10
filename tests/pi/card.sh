#!/bin/bash
# The card of an emulated Raspberry Pi 3B: a gate's image (systemd/image) as it is written to any card,
# with what a bench needs beside it on the partition that is written: a console that asks for no
# password, a broker, payroll's subscriber, times for a slow processor. Prints the folder with card.img,
# what QEMU starts of it instead of a Pi's firmware, and the settings for it, gate.toml; kept below
# ~/.cache until the sources change. Exit code 69: something is missing here, as it says.
set -euo pipefail
cd "$(dirname "$0")"
image=$(../../systemd/image/image.sh)
debian=$(../../systemd/image/root.sh)

made_from=$({ echo "$image"; cat card.sh; } | sha256sum | cut -c1-16)
kept=$(dirname "$image")
folder=$kept/card-$made_from
[ -e "$folder/complete" ] && { echo "$folder"; exit; }
# A newer one may be in use.
find "$kept" -maxdepth 1 -name 'card-*' -mmin +240 -exec rm -rf {} +
rm -rf "$folder"
mkdir -p "$folder/bench"
trap 'rm -rf "$folder/bench"' EXIT
cp --sparse=always "$image" "$folder/card.img"
# The emulator's card reader takes powers of two only: the rest is room to grow.
truncate -s 4G "$folder/card.img"

start() { # What the firmware would take from the first partition, and make of it.
    local tree=$folder/pi.dtb part="$folder/card.img@@4M"
    mcopy -n -i "$part" ::vmlinuz ::initrd.img ::cmdline.txt ::gate.toml "$folder"
    mcopy -n -i "$part" ::bcm2837-rpi-3-b.dtb "$tree"
    fdtput -c "$tree" /system 2>/dev/null || true
    fdtput -t x "$tree" /system linux,revision 0xa02082
    fdtput -t s "$tree" / serial-number 10000000abcd1234
    # The bench's console, at no pins: those of the header are the sensor's, and Linux gives a pin once.
    fdtput -t s "$tree" /soc/serial@7e215040 status okay
    fdtput -d "$tree" /soc/serial@7e215040 pinctrl-0
    fdtput -d "$tree" /soc/serial@7e215040 pinctrl-names 2>/dev/null || true
}

settings() { # What a technician fills in.
    sed -i 's|^id = ""|id = "main-gate"|; s|^host = ""|host = "localhost"|; s|^language = .*|language = "en"|
        s|^name = ""|name = "Nhà máy chè"|; /^\[wifi\]/,/^country/ s|^password = ""|password = "khong-ai-biet"|
        s|^ssh_keys = .*|ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0h3iXh2yB6yGv9dQm0D8y2vKqT0cX1bKoCk7n1p2Qz bench"]|' \
        "$folder/gate.toml"
    printf '\n[punch]\nrepeat_window_s = 0\n' >>"$folder/gate.toml"
}

bench() { # Below bench/ what comes to the state's partition.
    local units=etc/systemd/system
    cd "$folder/bench"
    mkdir -p $units/{multi-user.target.wants,serial-getty@ttyS1.service.d,edge-agent.service.d} \
        etc/{systemd/system.conf.d,edge-agent-receiver} opt/bench
    printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty -a root --keep-baud 115200 %%I dumb\n' \
        >$units/serial-getty@ttyS1.service.d/root.conf
    # An emulated processor is slow, on a busy machine more so: that is no fault of a unit.
    printf '[Manager]\nDefaultTimeoutStartSec=15min\nDefaultDeviceTimeoutSec=15min\n' \
        >etc/systemd/system.conf.d/slow.conf
    printf '[Service]\nWatchdogSec=5min\n' >$units/edge-agent.service.d/slow.conf
    echo 'OPTIONS=--host localhost' >etc/edge-agent-receiver/options
    ln -s ../edge-agent-receiver.service $units/multi-user.target.wants/edge-agent-receiver.service
    cp -a "$debian/bench/usr" opt/bench/usr
    rm -rf opt/bench/usr/share opt/bench/usr/lib/systemd
    printf 'listener 1883 127.0.0.1\nallow_anonymous true\nuser root\n' >opt/bench/mosquitto.conf
    cat >$units/broker.service <<'UNIT'
[Service]
Environment=LD_LIBRARY_PATH=/opt/bench/usr/lib/aarch64-linux-gnu
ExecStart=/opt/bench/usr/sbin/mosquitto -c /opt/bench/mosquitto.conf
UNIT
    ln -s ../broker.service $units/multi-user.target.wants/broker.service
    cd - >/dev/null
}

put() { # Bring it there.
    local at part=$folder/bench.part
    at=$(sfdisk -d "$folder/card.img" | sed -n 's/.*img3 : start= *\([0-9]*\),.*/\1/p')
    {
        (cd "$folder/bench" && find . -mindepth 1 -type d -printf 'mkdir "/%P"\n' | LC_ALL=C sort)
        (cd "$folder/bench" && find . -type f -printf 'write "%p" "/%P"\nsif "/%P" mode 0100%m\n')
        (cd "$folder/bench" && find . -type l -printf 'symlink "/%P" "%l"\n')
    } >"$part"
    (cd "$folder/bench" && debugfs -w -f "$part" "$folder/card.img?offset=$((at * 512))") 2>&1 |
        grep -v 'already exists\|^debugfs\|^Allocated' >"$folder/said" || true
    rm "$part"
}

{
    start
    settings
    bench
    put
} >&2
: >"$folder/complete"
echo "$folder"
