#!/usr/bin/env bash
# install.sh: brings what package-lock.json pins into clients/web/node_modules, the pinned Node among it; nothing when it is there.
set -euo pipefail
web=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
key=$(cat "$web/package.json" "$web"/packages/*/package.json "$web"/apps/*/package.json "$web/package-lock.json" | sha256sum | cut -c1-16)
mkdir -p "$web/../../build"
(
  flock 9
  [ "$(cat "$web/node_modules/.gridwarden" 2>/dev/null)" != "$key" ] || exit 0
  command -v npm >/dev/null || { echo "web: npm is missing; ./dev build web installs it" >&2; exit 1; }
  echo "  installing the pinned packages of clients/web"
  # Nothing of a package is run while it is installed. That the machine's Node is old does not matter: npm only unpacks.
  ( cd "$web" && NODE_OPTIONS="--require \"$web/tools/for_pinned_node.cjs\"" npm ci --ignore-scripts --no-audit --no-fund --no-progress >../../build/npm-web.log 2>&1 ) ||
    { tail -20 "$web/../../build/npm-web.log" >&2; echo "web: npm ci failed" >&2; exit 1; }
  echo "$key" >"$web/node_modules/.gridwarden"
) 9>"$web/../../build/.web-install.lock"
