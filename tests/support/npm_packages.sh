#!/usr/bin/env bash
# npm_packages.sh FOLDER: installs what FOLDER/package-lock.json pins, under build/npm/, unless it is there; prints where.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(cd "$1" && pwd)
command -v npm >/dev/null || { echo "npm_packages: npm is missing; ./dev test installs it" >&2; exit 1; }
key=$(cat "$folder/package.json" "$folder/package-lock.json" | sha256sum | cut -c1-16)
into=$root/build/npm/$(basename "$folder")-$key
mkdir -p "$root/build/npm"
(
  flock 9
  if [ ! -e "$into/done" ]; then
    rm -rf "$into"
    mkdir -p "$into"
    cp "$folder/package.json" "$folder/package-lock.json" "$into/"
    # Nothing of a package is run while it is installed.
    ( cd "$into" && npm ci --ignore-scripts --no-audit --no-fund --no-progress >npm.log 2>&1 ) ||
      { tail -20 "$into/npm.log" >&2; echo "npm_packages: npm ci failed for $folder" >&2; exit 1; }
    touch "$into/done"
  fi
) 9>"$root/build/npm/.lock" 1>&2
echo "$into"
