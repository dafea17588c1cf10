#!/bin/bash
# The card of an emulated Raspberry Pi 3B: this checkout, as committed, installed on Debian as the
# technician's page says, with a broker and payroll's subscriber beside it. Prints the folder with
# card.img, vmlinuz, initrd and pi.dtb, which is kept below ~/.cache until the sources change.
# Exit code 69: something is missing here, as it says.
set -euo pipefail
cd "$(dirname "$0")"
project=$(cd ../.. && pwd)
for tool in fdtput depmod cpio mke2fs xz git; do
    command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 69; }
done
debian=$(./root.sh)
root=$debian/root kernel=$debian/kernel

made_from=$({ git -C "$project" rev-parse 'HEAD^{tree}'; cat card.sh; echo "$debian"; } | sha256sum | cut -c1-16)
kept=$(dirname "$debian")
folder=$kept/card-$made_from
[ -e "$folder/complete" ] && { echo "$folder"; exit; }
# A newer one may be in use.
find "$kept" -maxdepth 1 \( -name 'card-*' -o -name 'building-*' \) -mmin +240 -exec rm -rf {} +
building=$kept/building-$$
mkdir -p "$folder" "$building"
trap 'umount "$building/root/proc" "$building/root/dev" 2>/dev/null; rm -rf "$building"' EXIT

lay_out() { # The program, by its own scripts, from a bundle.
    cp -a "$root" "$building/root"
    mkdir -p "$building/root/opt/edge-agent-src"
    PYTHON_VERSION=3.11 MACHINE=aarch64 make -s -C "$project" bundle
    tar xzf "$project/dist/edge-agent-bundle.tar.gz" -C "$building/root/opt/edge-agent-src" --strip-components=1
    mount -t proc proc "$building/root/proc"
    mount --bind /dev "$building/root/dev"
    # Nothing of what this is called with counts there.
    chroot "$building/root" env -i HOME=/root LC_ALL=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -ec '
        cd /opt/edge-agent-src
        version=$(systemd/packaging/stage.sh local)
        "/opt/edge-agent/versions/$version/settle.sh"
        install -d -o root -g edge-agent-receiver -m 0750 /etc/edge-agent-receiver
        systemctl -q enable edge-agent edge-agent-receiver edge-agent-upgrade
        rm -rf /opt/edge-agent-src'
    umount "$building/root/proc" "$building/root/dev"
}

settings() { # What a technician writes on it, and a console that needs no password.
    cd "$building/root"
    cat >etc/edge-agent/edge-agent.toml <<'TOML'
[gate]
id = "main-gate"
[sensor]
port = "/dev/ttyAMA0"
[panel]
pins = "gpio"
[punch]
repeat_window_s = 0
TOML
    echo 'OPTIONS=--host localhost' >etc/edge-agent-receiver/options
    printf 'listener 1883 127.0.0.1\nallow_anonymous true\n' >etc/mosquitto/mosquitto.conf
    echo pi >etc/hostname
    printf '127.0.0.1 localhost pi\n' >etc/hosts
    echo 'LABEL=rootfs / ext4 defaults,noatime 0 1' >etc/fstab
    mkdir -p etc/systemd/system/serial-getty@.service.d etc/systemd/system.conf.d
    printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty -a root --keep-baud 115200 %%I dumb\n' \
        >etc/systemd/system/serial-getty@.service.d/root.conf
    # The sensor's line is no console.
    ln -sfn /dev/null etc/systemd/system/serial-getty@ttyAMA0.service
    # An emulated processor is slow, on a busy machine more so: that is no fault of a unit.
    printf '[Manager]\nDefaultTimeoutStartSec=15min\nDefaultDeviceTimeoutSec=15min\n' \
        >etc/systemd/system.conf.d/slow.conf
    mkdir -p etc/systemd/system/edge-agent.service.d
    printf '[Service]\nWatchdogSec=5min\n' >etc/systemd/system/edge-agent.service.d/slow.conf
    cd - >/dev/null
}

modules() { # Those that an emulated Pi may ask for.
    local from to version
    from=$(echo "$kernel"/usr/lib/modules/* "$kernel"/lib/modules/* | tr ' ' '\n' | grep -v '\*' | head -1)
    version=$(basename "$from")
    to=$building/root/usr/lib/modules/$version
    mkdir -p "$to"
    cp "$from"/modules.* "$to"
    for part in fs lib crypto arch drivers/mmc drivers/gpio drivers/pinctrl drivers/tty drivers/char; do
        mkdir -p "$to/kernel/$(dirname $part)"
        [ ! -e "$from/kernel/$part" ] || cp -r "$from/kernel/$part" "$to/kernel/$part"
    done
    depmod -b "$building/root/usr" "$version"
    echo "$version"
}

initrd() { # initrd VERSION: mounts the card, and no more.
    local work=$building/initrd
    mkdir -p "$work"/{bin,dev,proc,sys,mnt,m}
    cp "$(find "$kernel" -path '*bin/busybox' | head -1)" "$work/bin/busybox"
    ln -s busybox "$work/bin/sh"
    for module in ext4 crc32c_generic bcm2835 sdhci-iproc; do
        modprobe -d "$building/root/usr" -S "$1" --show-depends $module 2>/dev/null | awk '/^insmod/ { print $2 }'
    done | awk '!seen[$0]++' | while read -r file; do
        name=$(basename "$file")
        case $name in
        *.xz) xz -dc "$file" >"$work/m/${name%.xz}" ;;
        *) cp "$file" "$work/m/$name" ;;
        esac
        echo "${name%.xz}"
    done >"$work/m/order"
    cat >"$work/init" <<'INIT'
#!/bin/sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
while read -r module; do $b insmod "/m/$module"; done </m/order
until card=$($b ls /dev/mmcblk? 2>/dev/null); do $b sleep 0.1; done
$b mount -t ext4 -o rw $card /mnt || exec $b sh
$b mount --move /dev /mnt/dev
$b umount /proc
$b umount /sys
exec $b switch_root /mnt /lib/systemd/systemd
INIT
    chmod +x "$work/init"
    (cd "$work" && find . | cpio -o -H newc --quiet | gzip -1) >"$folder/initrd"
}

tree() { # What a Pi's firmware and dtoverlay=miniuart-bt make of the kernel's own device tree.
    local dtb=$folder/pi.dtb
    cp "$(find "$kernel" -name bcm2837-rpi-3-b.dtb)" "$dtb"
    fdtput -c "$dtb" /system
    fdtput -t x "$dtb" /system linux,revision 0xa02082
    fdtput -t s "$dtb" / serial-number 10000000abcd1234
    # The PL011 is /dev/ttyAMA0 then, and nobody else's.
    fdtput -r "$dtb" /soc/serial@7e201000/bluetooth
}

{
    lay_out
    settings
} >&2
cp "$kernel"/boot/vmlinuz-* "$folder/vmlinuz"
initrd "$(modules)"
tree
# The emulator's card reader takes powers of two only.
truncate -s 2G "$folder/card.img"
mke2fs -q -t ext4 -L rootfs -E root_owner=0:0 -d "$building/root" "$folder/card.img" >&2
: >"$folder/complete"
echo "$folder"
