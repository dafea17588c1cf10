#!/bin/sh
# The last partition, and the file system on it, up to the end of the card: done again until it is so.
set -eu
device=$(findmnt -no SOURCE /state)
part=/sys/class/block/${device##*/}
disk=$(basename "$(dirname "$(readlink -f "$part")")")
end=$(($(cat "$part/start") + $(cat "$part/size")))
# The table has room for whole megabytes.
if [ $((end + 2048)) -lt "$(cat "/sys/class/block/$disk/size")" ]; then
    echo ', +' | sfdisk -q --no-reread --no-tell-kernel --force -N "$(cat "$part/partition")" "/dev/$disk"
    partx -u --nr "$(cat "$part/partition")" "/dev/$disk"
fi
resize2fs "$device"
