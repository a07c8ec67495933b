#!/usr/bin/env bash
# image_files.sh INTO: gathers everything the runtime image holds, and nothing else: our programs without their debug information, the
# shared libraries they need (ldd), what they open by name while running, the schema, the policy and the licences of what is copied.
# INTO becomes the root of the image. The Dockerfile calls it; tests/system/image.py runs the result in a chroot.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
into=$1
[ ! -e "$into" ] || [ -z "$(ls -A "$into")" ] || { echo "image_files: $into is not empty" >&2; exit 1; }
fail() { echo "image_files: $*" >&2; exit 1; }

# copy_path PATH...: to the same place below INTO, as the file it leads to.
copy_path() {
  local path
  for path in "$@"; do
    [ -e "$path" ] || fail "there is no $path"
    mkdir -p "$into$(dirname "$path")"
    cp -rL --preserve=mode "$path" "$into$path"
  done
}

mkdir -p "$into"/{usr/bin,usr/share/gridwarden/db,etc,data,run/secrets}
install -d -m 1777 "$into/tmp"
# Where Debian 12 has links, so has the image.
for folder in bin sbin lib lib64; do
  mkdir -p "$into/usr/$folder"
  ln -s "usr/$folder" "$into/$folder"
done

# Backups and restores call MariaDB's own programs.
tools=(mariadb mariadb-dump mariadb-binlog)
programs=("$root/build/gridwarden" "$root/build/gridctl")
for tool in "${tools[@]}"; do
  path=$(command -v "$tool") || fail "$tool is missing: install mariadb-client"
  copy_path "$path"
  programs+=("$path")
done

for program in gridwarden gridctl; do
  [ -x "$root/build/$program" ] || fail "build/$program is not built: ./dev build gridwarden gridctl"
  strip --strip-debug -o "$into/usr/bin/$program" "$root/build/$program"
  chmod 755 "$into/usr/bin/$program"
done

# Shared libraries and the loader.
libraries() { ldd "$1" | awk '/=> not found/ { print "missing " $1 > "/dev/stderr"; exit 1 } /=> \// { print $3 } /^\t\/lib/ { print $1 }'; }
for program in "${programs[@]}"; do libraries "$program"; done | sort -u | while read -r library; do
  path=$(readlink -f "$(dirname "$library")")/$(basename "$library")
  [ -e "$into$path" ] || copy_path "$path"
done

architecture=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
lib=/usr/lib/$architecture
# By name while running: GB18030 for files from offices, how accounts of MariaDB prove themselves, names of hosts and zones of time,
# the authorities of the world.
copy_path "$lib/gconv/GB18030.so" "$lib/gconv/gconv-modules" "$lib/gconv/gconv-modules.d"
copy_path "$lib/libmariadb3/plugin"
copy_path /usr/share/zoneinfo /etc/ssl/certs/ca-certificates.crt
printf 'hosts: files dns\n' >"$into/etc/nsswitch.conf"
printf 'root:x:0:0:root:/:/usr/sbin/nologin\ngridwarden:x:65532:65532:gridwarden:/data:/usr/sbin/nologin\n' >"$into/etc/passwd"
printf 'root:x:0:\ngridwarden:x:65532:\n' >"$into/etc/group"

# The applications for browsers, without what their build leaves beside them.
for app in inspector console review; do
  [ -e "$root/build/web/$app/index.html" ] || fail "build/web/$app is not built: ./dev build web"
  mkdir -p "$into/usr/share/gridwarden/web"
  cp -r "$root/build/web/$app" "$into/usr/share/gridwarden/web/"
done

cp -r "$root/db/migrations" "$root/db/policy" "$root/db/grants" "$into/usr/share/gridwarden/db/"

# Whose libraries these are, and under what licence.
find "$into/usr/lib" "$into/usr/lib64" -name '*.so*' -type f | sed "s#^$into##" | while read -r file; do
  dpkg -S "$file" 2>/dev/null || dpkg -S "${file#/usr}" 2>/dev/null || fail "no package owns $file"
done | sed 's/: .*//; s/:.*//' | sort -u | while read -r package; do
  mkdir -p "$into/usr/share/doc/$package"
  cp -L "/usr/share/doc/$package/copyright" "$into/usr/share/doc/$package/" || fail "no licence of $package"
  dpkg-query -W -f '${Package} ${Version}\n' "$package" >>"$into/usr/share/gridwarden/packages.txt"
done

chmod -R u+rwX,go+rX,go-w "$into"
chmod 1777 "$into/tmp"
chown -R 0:0 "$into" 2>/dev/null || true
chown 65532:65532 "$into/data" 2>/dev/null || true
