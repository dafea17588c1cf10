#!/bin/sh
# The moment that everything made of this checkout bears, in seconds since 1970: that of its last
# commit, or of its changelog where there is no git.
cd "$(dirname "$0")/../.."
git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md
