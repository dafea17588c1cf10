#!/bin/bash
# A Debian for arm64 with what the technician's page installs, and beside it the kernel of a Pi: prints
# its folder, with root/ and kernel/. Made once (a quarter of an hour: another processor's programs run
# through an interpreter), then kept below ~/.cache. Exit code 69: something is missing here, as it says.
set -euo pipefail
cd "$(dirname "$0")"

suite=bookworm
packages=systemd,systemd-sysv,udev,dbus,kmod,procps,python3,python3-venv,ca-certificates,tzdata,mosquitto
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
rm -rf "$folder"
mkdir -p "$folder/kernel"
{
    # Without a kernel: to make its initrd takes an hour in the interpreter. Packages come unsynced.
    mmdebstrap --mode=root --architectures=arm64 --variant=minbase --include=$packages \
        --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        $suite "$folder/root" "deb ${mirror:-http://deb.debian.org/debian} $suite main"
    cp -L /etc/resolv.conf "$folder/root/etc/resolv.conf"
    chroot "$folder/root" sh -ec '
        apt-get update -qq
        cd /var/tmp
        kernel=$(apt-cache depends linux-image-arm64 | sed -n "s/^ *Depends: *//p")
        apt-get download -qq "$kernel" busybox-static'
    for package in "$folder"/root/var/tmp/*.deb; do
        dpkg -x "$package" "$folder/kernel"
    done
    rm -f "$folder"/root/var/tmp/*.deb "$folder"/root/var/lib/apt/lists/*_Packages
} >&2
: >"$folder/complete"
echo "$folder"
