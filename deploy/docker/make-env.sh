#!/usr/bin/env bash
# Writes .env beside docker-compose.yml: .env.example with a fresh password wherever one is missing. Never overwrites.
set -euo pipefail
cd "$(dirname "$0")/../.."
umask 077
set -o noclobber
secret() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
while IFS= read -r line; do
  case $line in
    *_PASSWORD=) printf '%s%s\n' "$line" "$(secret)" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <deploy/docker/.env.example >.env
echo "wrote .env (mode 0600), which is never committed 已生成 .env，请勿提交"
