#!/usr/bin/env bash
# Runs every check of this folder; says each one's verdict and fails if any fails.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0
for check in tests/lint/check_*.py tests/lint/test_*.py; do
  if python3 "$check"; then
    echo "ok      $check"
  else
    echo "FAILED  $check"
    failed=1
  fi
done
exit $failed
