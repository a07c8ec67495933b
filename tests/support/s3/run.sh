#!/usr/bin/env bash
# Starts the tests' S3 server in the foreground: run.sh FLAGS-OF-SERVER.JS... Its npm packages are installed under build/ the
# first time and whenever the lock file changed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=$("$here/../npm_packages.sh" "$here")
NODE_PATH=$into/node_modules exec node "$here/server.js" "$@"
