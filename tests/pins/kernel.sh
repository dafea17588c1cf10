#!/bin/bash
# A Linux kernel that runs as an ordinary process (User Mode Linux) and has GPIO lines to be driven
# from outside (gpio-sim): Debian's own have no CONFIG_GPIO_SIM. Prints the path of its program;
# built once (minutes), then kept below ~/.cache.
# Needs Debian's linux-source-6.1 bison flex bc gcc make xz-utils. Exit code 69: one is missing.
set -euo pipefail

source=$(ls /usr/src/linux-source-6.*.tar.xz 2>/dev/null | sort -V | tail -1)
for tool in bison flex bc gcc make xz; do
    command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 69; }
done
[ -n "$source" ] || { echo "linux-source-6.1 is not installed" >&2; exit 69; }

made_from=$({ stat -c '%n %s' "$source"; cat "$0"; } | sha256sum | cut -c1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/edge-agent/pins
kernel=$kept/linux-$made_from
[ -x "$kernel" ] && { echo "$kernel"; exit; }

mkdir -p "$kept"
build=$(mktemp -d "$kept/build-XXXXXX")
trap 'rm -rf "$build"' EXIT
tar xJf "$source" -C "$build" --strip-components=1
cd "$build"
# UML sets aside 2.7 kB for a processor's registers, and ptrace refuses a processor that has more.
sed -i 's/DEFINE_LONGS(HOST_FP_SIZE, 2696)/DEFINE_LONGS(HOST_FP_SIZE, 12288)/' arch/x86/um/user-offsets.c
# UML has 64 interrupts in all, and each line of gpio-sim wants one once an edge is asked for.
sed -i 's/^#define NR_IRQS\t*UM_LAST_SIGNAL_IRQ$/#define NR_IRQS (UM_LAST_SIGNAL_IRQ + 192)/' arch/um/include/asm/irq.h
{
    make -s ARCH=um x86_64_defconfig
    ./scripts/config --set-val KERNEL_STACK_ORDER 4 \
        -d MODULES -d DEBUG_INFO -d DEBUG_KERNEL -d STACKTRACE -d SOUND -d UML_SOUND -d UML_NET \
        -d BTRFS_FS -d REISERFS_FS -d QUOTA -d AUTOFS_FS -d ISO9660_FS \
        -e GPIOLIB -e GPIO_CDEV -e GPIO_CDEV_V1 -e CONFIGFS_FS -e IRQ_SIM -e GPIO_SIM \
        -e HOSTFS -e DEVTMPFS -e TMPFS -e UNIX98_PTYS -e NET -e UNIX -e INET -e OF
    make -s ARCH=um olddefconfig
    grep -q '^CONFIG_GPIO_SIM=y' .config
    make -s ARCH=um -j2 linux
} >&2
strip linux
mv linux "$kernel"
echo "$kernel"
