#!/bin/bash
# A card for a gate, to be written as it is: this checkout, as committed, on Debian. Three partitions:
# what a Pi's firmware starts, with the settings file; the system, read-only; all that is written.
# Prints the image's name, which is kept below ~/.cache until the sources change; the same bytes each
# time. Exit code 69: something is missing here, as it says.
set -euo pipefail
cd "$(dirname "$0")"
project=$(cd ../.. && pwd)
for tool in fdtput fdtget depmod mke2fs debugfs mkfs.vfat mcopy sfdisk xz cpio git; do
    command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 69; }
done
debian=$(./root.sh)
kernel=$debian/kernel
kept=$(dirname "$debian")
in_project=(git -C "$project")
# What the program is installed from, and when that was changed last.
sources=(edge_agent config LICENSES README.md setup.cfg pyproject.toml systemd/)
program=$kept/program-$({
    "${in_project[@]}" ls-tree HEAD "${sources[@]}" | grep -v systemd/image
    sed -n '/^program()/,/^}/p' image.sh
    echo "$debian"
} | sha256sum | cut -c1-16)
program_date=$("${in_project[@]}" log -1 --format=%ct -- "${sources[@]}" ':!systemd/image')
SOURCE_DATE_EPOCH=$("${in_project[@]}" log -1 --format=%ct -- "${sources[@]}")
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C.UTF-8
image=$kept/image-$({
    "${in_project[@]}" rev-parse HEAD:systemd/image
    echo "$program $SOURCE_DATE_EPOCH"
} | sha256sum | cut -c1-16).img
[ -e "$image" ] && { echo "$image"; exit; }
# A newer one may be in use.
find "$kept" -maxdepth 1 \( -name 'image-*' -o -name 'program-*' -o -name 'building-*' \) ! -path "$program" \
    -mmin +240 -exec rm -rf {} +
building=$kept/building-$$
root=$building/root state=$building/state boot=$building/boot
mkdir -p "$building" "$state" "$boot"
trap 'umount "$building"/*/proc "$building"/*/dev 2>/dev/null || true; rm -rf --one-file-system "$building"' EXIT

# Nothing of what this is called with counts there, but the date.
inside() { # inside ROOT DATE COMMANDS
    mount -t proc proc "$1/proc"
    mount --bind /dev "$1/dev"
    chroot "$1" env -i HOME=/root LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH="$2" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -ec "$3"
    umount "$1/proc" "$1/dev"
}

program() { # The program on that Debian, by its own scripts, from a bundle; kept by itself.
    local root=$building/program
    cp -a --reflink=auto "$debian/root" "$root"
    mkdir "$root/opt/edge-agent-src"
    PYTHON_VERSION=3.11 MACHINE=aarch64 make -s -C "$project" bundle
    tar xzf "$project/dist/edge-agent-bundle.tar.gz" -C "$root/opt/edge-agent-src" --strip-components=1
    inside "$root" "$program_date" '
        cd /opt/edge-agent-src
        version=$(systemd/packaging/stage.sh local)
        "/opt/edge-agent/versions/$version/settle.sh"
        rm -rf /opt/edge-agent-src'
    mv "$root" "$program"
}

machine() { # Who may come, and what starts.
    cp -a --reflink=auto "$program" "$root"
    cp -R --preserve=mode machine "$root/tmp/machine"
    inside "$root" "$SOURCE_DATE_EPOCH" '
        useradd --create-home --shell /bin/bash \
            --groups sudo,systemd-journal,edge-agent,edge-agent-technician technician
        cp -R --preserve=mode /tmp/machine/. /
        chmod 0440 /etc/sudoers.d/technician
        systemctl -q enable edge-agent edge-agent-upgrade edge-agent-setup edge-agent-grow
        systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
            NetworkManager-wait-online.service'
}

forget() { # What is of this making alone, and what each card has for itself.
    rm -rf "$root"/var/log/* "$root"/var/cache/* "$root"/var/lib/apt/lists/* "$root"/tmp/* "$root"/run/* \
        "$root"/etc/*- "$root"/var/lib/dpkg/*-old "$root"/etc/ssh/ssh_host_* "$root"/root/.cache \
        "$root"/etc/resolv.conf "$root"/var/lib/systemd/random-seed
    mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial" "$root/state"
    # The day of users' passwords, which nobody has.
    sed -i "s/^\([^:]*:[^:]*\):[0-9]*:/\1:$((SOURCE_DATE_EPOCH / 86400)):/" "$root/etc/shadow"
    : >"$root/etc/machine-id"
    rm -f "$root/etc/hostname"
    local suite
    suite=$(sed -n 's/^VERSION_CODENAME=//p' "$root/etc/os-release")
    # Here the power does not fail in the middle of a package; at a gate it does.
    sed -i '/^force-unsafe-io$/d' "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
    printf 'deb %s main non-free-firmware\n' \
        "http://deb.debian.org/debian $suite" "http://deb.debian.org/debian $suite-updates" \
        "http://security.debian.org/debian-security $suite-security" >"$root/etc/apt/sources.list"
}

modules() { # TO: what a Pi with a gate on it may ask for. Prints the kernel's version.
    local from to part version
    from=$(echo "$kernel"/usr/lib/modules/* "$kernel"/lib/modules/* | tr ' ' '\n' | grep -v '\*' | head -1)
    version=$(basename "$from")
    to=$1/lib/modules/$version
    shift
    mkdir -p "$to"
    cp "$from"/modules.{builtin,builtin.modinfo,order} "$to"
    for part in "$@"; do
        mkdir -p "$to/kernel/$(dirname "$part")"
        [ ! -e "$from/kernel/$part" ] || cp -r "$from/kernel/$part" "$to/kernel/$part"
    done
    echo "$version"
}

drivers=(mmc regulator clk firmware mailbox reset soc dma i2c pwm)

start() { # The first partition: what the firmware reads, and the person who fills in the settings.
    local initrd=$building/initrd version tree
    mkdir -p "$initrd"/{bin,sbin,dev,proc,sys,mnt}
    cp "$(find "$kernel" -path '*bin/busybox' | head -1)" "$initrd/bin/busybox"
    ln -s busybox "$initrd/bin/sh"
    # The kernel itself asks for some.
    ln -s ../bin/busybox "$initrd/sbin/modprobe"
    cp "$(find "$kernel" -name e2fsck.static | head -1)" "$initrd/bin/e2fsck"
    version=$(modules "$initrd" fs/ext4 fs/jbd2 fs/mbcache.ko fs/mbcache.ko.xz lib crypto arch/arm64/crypto \
        "${drivers[@]/#/drivers/}" drivers/gpio)
    find "$initrd/lib" -name '*.xz' -exec xz -d {} +
    depmod -b "$initrd" "$version"
    install -m 0755 init "$initrd/init"
    find "$initrd" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    (cd "$initrd" && find . | LC_ALL=C sort | cpio -o -H newc --reproducible --owner=0:0 --quiet | gzip -9n) \
        >"$boot/initrd.img"
    cp "$kernel"/boot/vmlinuz-* "$boot/vmlinuz"
    cp "$kernel"/usr/lib/raspi-firmware/{bootcode.bin,{start,fixup}{,4}.*} "$boot"
    cp config.txt "$project/config/gate.toml" "$boot"
    echo 'console=tty1 quiet panic=10' >"$boot/cmdline.txt"
    for tree in "$kernel"/usr/lib/linux-image-*/broadcom/bcm{2837-rpi-{3,cm3,zero-2},2711-rpi-}*.dtb; do
        cp "$tree" "$boot"
        header_uart "$boot/$(basename "$tree")"
    done
}

header_uart() { # TREE: the good UART at the header's pins 8 and 10, as dtoverlay=disable-bt has it.
    local uart=/soc/serial@7e201000 pins=/soc/gpio@7e200000 group
    group=$(fdtget -l "$1" $pins | grep -m1 -x 'uart0[_-]gpio14')
    fdtget "$1" $pins/"$group" phandle >/dev/null 2>&1 || fdtput -t x "$1" $pins/"$group" phandle f0
    # shellcheck disable=SC2046
    fdtput -t x "$1" $uart pinctrl-0 $(fdtget -t x "$1" $pins/"$group" phandle)
    fdtput -d "$1" $uart uart-has-rtscts 2>/dev/null || true
    fdtput -r "$1" $uart/bluetooth 2>/dev/null || true
    fdtput -t s "$1" /soc/serial@7e215040 status disabled
}

part_company() { # What is written goes to a place of its own; its places stay.
    local part
    mkdir -p "$state/usr"
    for part in etc var opt root home usr/local; do
        mv "$root/$part" "$state/$part"
        mkdir -p "$root/$part"
    done
}

firmware() { # Drivers, and what a Pi's Wi-Fi wants.
    local version
    version=$(modules "$root/usr" fs lib crypto arch net drivers/{gpio,pinctrl,tty,char,net,usb,input,hid,rtc,spi} \
        drivers/{bluetooth,thermal,watchdog,hwmon,staging/vc04_services,leds,nvmem,scsi,block} \
        "${drivers[@]/#/drivers/}")
    rm -rf "$root/usr/lib/modules/$version/kernel/drivers/net/ethernet/"{intel,mellanox,qlogic,broadcom/bnx*,chelsio,marvell,cavium,amazon,hisilicon,netronome,sfc}
    depmod -b "$root/usr" "$version"
    mkdir -p "$root/usr/lib/firmware"
    cp -a "$kernel/lib/firmware/brcm" "$root/usr/lib/firmware"
    [ ! -e "$kernel/lib/firmware/cypress" ] || cp -a "$kernel/lib/firmware/cypress" "$root/usr/lib/firmware"
}

file_system() { # FOLDER LABEL UUID MEGABYTES IMAGE
    local epoch=$SOURCE_DATE_EPOCH
    find "$1" -newermt "@$epoch" -exec touch -h -d "@$epoch" {} +
    truncate -s "${4}M" "$5"
    E2FSPROGS_FAKE_TIME=$epoch mke2fs -q -t ext4 -b 4096 -L "$2" -U "$3" -E "hash_seed=$3,root_owner=0:0,lazy_itable_init=0" \
        -d "$1" "$5"
    # When a file was made here is nobody's business.
    {
        echo "set_current_time @$epoch"
        (cd "$1" && find . -printf 'sif "/%P" ctime @'"$epoch"'\nsif "/%P" atime @'"$epoch"'\n')
        echo "set_super_value wtime @$epoch"
        echo "set_super_value kbytes_written 0"
    } >"$building/times"
    E2FSPROGS_FAKE_TIME=$epoch debugfs -w -f "$building/times" "$5" >/dev/null 2>"$building/said"
}

megabytes() { # FOLDER SPARE: its size, with a tenth of that and so much more.
    echo $(($(du -sm "$1" | cut -f1) * 11 / 10 + $2))
}

put_together() {
    local first=4 size=160 second third last
    find "$boot" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    truncate -s ${size}M "$building/1"
    mkfs.vfat -F 32 --invariant -n GATE "$building/1" >/dev/null
    (cd "$boot" && mcopy -i "$building/1" -m $(ls | LC_ALL=C sort) ::/)
    second=$(megabytes "$root" 200) third=$(megabytes "$state" 200)
    file_system "$root" gate-root 2f4f1c1e-7a39-4d0b-9f6e-6f1a51c0a001 "$second" "$building/2"
    file_system "$state" gate-state 2f4f1c1e-7a39-4d0b-9f6e-6f1a51c0a002 "$third" "$building/3"
    last=$((first + size + second + third))
    truncate -s ${last}M "$building/card.img"
    sfdisk -q "$building/card.img" <<END
label: dos
label-id: 0x67617465
start=${first}MiB, size=${size}MiB, type=c, bootable
start=$((first + size))MiB, size=${second}MiB, type=83
start=$((first + size + second))MiB, size=${third}MiB, type=83
END
    local at=$first part
    for part in 1 2 3; do
        dd if="$building/$part" of="$building/card.img" bs=1M seek=$at conv=notrunc,sparse status=none
        at=$((at + $(stat -c %s "$building/$part") / 1048576))
    done
}

{
    [ -d "$program" ] || program
    machine
    forget
    firmware
    start
    part_company
    put_together
} >&2
mv "$building/card.img" "$image"
echo "$image"
