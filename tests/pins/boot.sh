#!/bin/bash
# Run the tests of inside/ in the kernel that kernel.sh makes; more arguments are pytest's. The root
# is this machine's own, to be read only. Exit code 69: something is missing here, as it says.
set -euo pipefail
cd "$(dirname "$0")"
kernel=$(./kernel.sh)
arguments="$*"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
timeout 300 "$kernel" mem=512M root=/dev/root rootfstype=hostfs rootflags=/ ro quiet \
    init="$PWD/init" PROJECT="$(cd ../.. && pwd)" ARGUMENTS="${arguments// /,}" \
    con=null con0=fd:0,fd:1 </dev/null 2>&1 | tee "$out"
grep -q '^pins: exit code 0' "$out"
