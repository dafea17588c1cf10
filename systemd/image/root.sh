#!/bin/bash
# A Debian for arm64 with what a gate's card needs, and beside it what is only unpacked: kernel/ (kernel,
# a Pi's firmware and that of its Wi-Fi, busybox, a file system's check) and bench/ (a broker, for tests).
# Prints its folder. Made once (a quarter of an hour: another processor's programs run through an
# interpreter), then kept below ~/.cache. Exit code 69: something is missing here, as it says.
set -euo pipefail
cd "$(dirname "$0")"

suite=bookworm
packages=(
    systemd systemd-sysv systemd-timesyncd libpam-systemd udev dbus kmod procps
    python3 python3-venv ca-certificates tzdata
    # Cable, Wi-Fi and 4G.
    network-manager modemmanager usb-modeswitch wpasupplicant wireless-regdb iproute2
    openssh-server sudo less nano-tiny
    # A card that grows, and is checked.
    e2fsprogs fdisk util-linux
)
missing() {
    echo "$1" >&2
    exit 69
}
[ "$(id -u)" = 0 ] || missing 'only root may make a root for another processor'
for tool in mmdebstrap arch-test qemu-aarch64-static; do
    command -v $tool >/dev/null || missing "$tool is not installed"
done

made_from=$(sha256sum <root.sh | cut -c1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/edge-agent/pi
folder=$kept/debian-$made_from
[ -e "$folder/complete" ] && { echo "$folder"; exit; }

# Whatever is called for this processor runs through the interpreter.
mounted=/proc/sys/fs/binfmt_misc
[ -e $mounted/register ] || mount -t binfmt_misc binfmt_misc $mounted || missing 'binfmt_misc cannot be mounted'
[ -e $mounted/qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >$mounted/register

mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' | sed -n "s/ $suite\$//p" | head -1)
mirror=${mirror:-http://deb.debian.org/debian}
rm -rf "$folder"
mkdir -p "$folder/kernel" "$folder/bench"
{
    # Without a kernel: to make its initrd takes an hour in the interpreter. Packages come unsynced.
    mmdebstrap --mode=root --architectures=arm64 --variant=minbase \
        --include="$(IFS=,; echo "${packages[*]}")" \
        --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        $suite "$folder/root" "deb $mirror $suite main non-free-firmware"
    cp -L /etc/resolv.conf "$folder/root/etc/resolv.conf"
    mkdir "$folder/root/var/tmp/kernel" "$folder/root/var/tmp/bench"
    chroot "$folder/root" sh -ec '
        apt-get update -qq
        cd /var/tmp/kernel
        kernel=$(apt-cache depends linux-image-arm64 | sed -n "s/^ *Depends: *//p")
        apt-get download -qq "$kernel" busybox-static e2fsck-static raspi-firmware firmware-brcm80211
        mkdir -p /var/tmp/bench/partial
        apt-get install -qq --download-only --no-install-recommends -o Dir::Cache::archives=/var/tmp/bench mosquitto'
    for part in kernel bench; do
        for package in "$folder/root/var/tmp/$part"/*.deb; do
            dpkg -x "$package" "$folder/$part"
        done
        rm -rf "$folder/root/var/tmp/$part"
    done
    rm -f "$folder"/root/var/lib/apt/lists/*_* "$folder"/root/etc/resolv.conf
} >&2
: >"$folder/complete"
echo "$folder"
