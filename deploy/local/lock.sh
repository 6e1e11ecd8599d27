#!/usr/bin/env bash
# Writes requirements.lock, bootstrap.lock and runtime.lock anew: exact versions with hashes and no addresses, for any
# mirror. runtime.lock is the part of the first that goes into the image.
set -euo pipefail
cd "$(dirname "$0")/../.."
members=()
for file in libs/*/pyproject.toml contracts/pyproject.toml services/*/pyproject.toml node/pyproject.toml deploy/local/pyproject.toml; do
  name=$(sed -nE 's/^name = "(.*)"/\1/p' "$file" | head -n 1)
  members+=(--no-emit-package "$name")
done
"${UV:-.venv/bin/uv}" pip compile --quiet --generate-hashes --no-header --universal --python-version 3.11 \
  --no-emit-package xinqiao "${members[@]}" --group dev --output-file requirements.lock pyproject.toml "$@"
"${UV:-.venv/bin/uv}" pip compile --quiet --generate-hashes --no-header --universal --python-version 3.11 \
  --constraint requirements.lock --output-file deploy/local/bootstrap.lock deploy/local/bootstrap.in "$@"
"${UV:-.venv/bin/uv}" pip compile --quiet --generate-hashes --no-header --universal --python-version 3.11 \
  --no-emit-package xinqiao "${members[@]}" --constraint requirements.lock --output-file deploy/docker/runtime.lock \
  pyproject.toml "$@"
