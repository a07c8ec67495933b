#!/usr/bin/env bash
# A private MariaDB for the tests: data on tmpfs, unix socket only, the durable settings the server insists on.
#   test_mariadb.sh start   start it unless it runs; prints the socket
#   test_mariadb.sh revive  start it on the data it has, as after a crash; prints the socket
#   test_mariadb.sh stop    stop it and drop its data
#   test_mariadb.sh env     print the variables a test needs (GRIDWARDEN_TEST_SOCKET)
# GRIDWARDEN_TEST_MARIADB_SETTINGS adds options, one a line, for a run that wants other ones.
# GRIDWARDEN_TEST_MARIADB_DIR puts it elsewhere, for a run that wants a server of its own.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
key=$(printf '%s' "$root" | sha256sum | cut -c1-8)
uid=$(id -u)

choose_dir() {
  if [ -n "${GRIDWARDEN_TEST_MARIADB_DIR:-}" ]; then
    echo "$GRIDWARDEN_TEST_MARIADB_DIR"
  elif [ -d /dev/shm ] && [ -w /dev/shm ] && [ "$(df -Pm /dev/shm | awk 'NR==2 {print $4}')" -ge 1024 ]; then
    echo "/dev/shm/gridwarden-test-$uid-$key"
  else
    echo "${TMPDIR:-/tmp}/gridwarden-test-$uid-$key"
  fi
}

dir=$(choose_dir)
data=$dir/data
socket=$dir/s
pid_file=$dir/pid
log=$dir/error.log

# Debian keeps the server in /usr/sbin, which an ordinary user's PATH lacks.
PATH=$PATH:/usr/sbin:/usr/local/sbin
as_root=()
[ "$uid" = 0 ] && as_root=(--user=root)

need() { command -v "$1" >/dev/null || { echo "test_mariadb: $1 is missing; install mariadb-server" >&2; exit 1; }; }

alive() {  # the pid in the pid file is a mariadbd of ours and answers
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ -d "/proc/$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "--datadir=$data" || return 1
  mariadb-admin --no-defaults --socket="$socket" --user=root ping >/dev/null 2>&1
}

ours_running() {  # pids of servers that use our data directory, answering or not
  local process
  for process in /proc/[0-9]*; do
    [ "$(cat "$process/comm" 2>/dev/null)" = mariadbd ] || continue
    tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -qF -- "--datadir=$data " && echo "${process#/proc/}"
  done
  return 0
}

stop_ours() {
  local pid
  for pid in $(ours_running); do
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
    [ -d "/proc/$pid" ] && kill -9 "$pid" 2>/dev/null || true
    for _ in $(seq 50); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
  done
}

settings() {
  # The durable set of guarantees.md G1. An older server does not know snapshot isolation: loose.
  cat <<SETTINGS
--no-defaults
--datadir=$data
--socket=$socket
--pid-file=$pid_file
--log-error=$log
--tmpdir=$dir
--skip-networking
--skip-log-warnings
--innodb-flush-log-at-trx-commit=1
--sync-binlog=1
--innodb-doublewrite=ON
--loose-innodb-snapshot-isolation=ON
--log-bin=$data/binlog
--binlog-format=ROW
--max-binlog-size=64M
--expire-logs-days=0.01
--server-id=1
--innodb-buffer-pool-size=256M
--innodb-log-file-size=64M
--innodb-autoinc-lock-mode=2
--character-set-server=utf8mb4
--collation-server=utf8mb4_general_ci
--max-connections=400
--max-allowed-packet=64M
--performance-schema=OFF
--skip-name-resolve
SETTINGS
  if [ -n "${GRIDWARDEN_TEST_MARIADB_SETTINGS:-}" ]; then printf '%s\n' "$GRIDWARDEN_TEST_MARIADB_SETTINGS"; fi
}

start() {
  need mariadbd
  need mariadb-install-db
  need mariadb-admin
  mkdir -p "$dir"
  chmod 700 "$dir"
  if alive; then echo "$socket"; return; fi
  stop_ours  # a server of ours that no longer answers
  rm -rf "$data" "$socket" "$pid_file" "$dir"/ib* "$dir"/*.tmp
  local version template
  version=$(mariadbd --no-defaults --version | sha256sum | cut -c1-8)
  template=$dir/template-$version
  if [ ! -d "$template" ]; then
    rm -rf "$dir"/template-*
    if ! mariadb-install-db --no-defaults --force "${as_root[@]}" --datadir="$template.new" --auth-root-authentication-method=normal --tmpdir="$dir" \
        --skip-test-db --innodb-log-file-size=64M >"$dir/install.log" 2>&1; then
      cat "$dir/install.log" >&2
      rm -rf "$template.new"
      exit 1
    fi
    mv "$template.new" "$template"
  fi
  cp -a "$template" "$data"
  : >"$log"
  launch
}

revive() {
  [ -d "$data" ] || { echo "test_mariadb: there are no data in $data" >&2; exit 1; }
  if alive; then echo "$socket"; return; fi
  stop_ours
  rm -f "$socket" "$pid_file"
  launch
}

launch() {
  local arguments
  mapfile -t arguments < <(settings)
  # The lock must not outlive us inside the server.
  setsid mariadbd "${arguments[@]}" "${as_root[@]}" >>"$log" 2>&1 </dev/null 9>&- &
  for _ in $(seq 300); do
    if alive; then echo "$socket"; return; fi
    sleep 0.1
  done
  echo "test_mariadb: the server did not start; its log:" >&2
  tail -40 "$log" >&2
  stop_ours
  exit 1
}

mkdir -p "$dir"
case "${1:-}" in
  start) ( flock 9; start ) 9>"$dir/lock" ;;
  revive) ( flock 9; revive ) 9>"$dir/lock" ;;
  stop) ( flock 9; stop_ours; rm -rf "$data" "$socket" "$pid_file" ) 9>"$dir/lock" ;;
  env) echo "GRIDWARDEN_TEST_SOCKET=$socket" ;;
  *) echo "usage: $0 start|revive|stop|env" >&2; exit 2 ;;
esac
