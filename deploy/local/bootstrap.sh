#!/usr/bin/env bash
# Makes this machine ready: missing Debian packages, .venv with the locked Python packages and our own ones, locked node packages.
#   bootstrap.sh up     what `make up` needs
#   bootstrap.sh test   and what the tests need
# Not root: names what is missing and ends. What is there already is left as it is; a run with nothing to do takes less than half a second.
# Packages are installed without starting any service, and running services are not touched.
set -euo pipefail
cd "$(dirname "$0")/../.."

goal=${1:-up}
python=${PYTHON:-python3.11}
packages=(postgresql rabbitmq-server tesseract-ocr tesseract-ocr-chi-sim libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk)
case $goal in
  up) ;;
  test) packages+=(ceph-mon ceph-osd radosgw nginx-light chromium clamav-daemon softhsm2 libreoffice-writer-nogui libreoffice-calc-nogui) ;;
  *) echo "usage: $0 [up|test]" >&2; exit 2 ;;
esac

say() { printf 'bootstrap: %s\n' "$*"; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
  for package in "${packages[@]}"; do
    is_installed "$package" || echo "$package"
  done
  if ! command -v npm >/dev/null; then echo nodejs; echo npm; fi
  if [ ! -x .venv/bin/python ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo python3-venv
  fi
}

# Where systemd runs, only a policy keeps a package from starting its service; one that is there already is respected.
forbid_starting_services() {
  policy=/usr/sbin/policy-rc.d
  if [ -d /run/systemd/system ] && [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
}

install_packages() {
  local wanted=("$@") install
  install=(apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "${wanted[@]}")
  if [ "$(id -u)" != 0 ]; then
    printf 'bootstrap: missing packages: %s\nbootstrap: install them as root:\n  %s\n' "${wanted[*]}" \
      "RUNLEVEL=1 apt-get install --no-install-recommends ${wanted[*]}" >&2
    exit 1
  fi
  forbid_starting_services
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  say "reading package lists"
  quietly apt-get update -o DPkg::Lock::Timeout=300
  say "installing ${wanted[*]}"
  quietly "${install[@]}"
}

# Runs a command; its output is shown only when it fails.
quietly() {
  local said
  said=$("$@" 2>&1 </dev/null) || { printf '%s\n' "$said" >&2; say "failed: $*" >&2; exit 1; }
}

inputs() { cat requirements.lock deploy/local/bootstrap.{lock,sh} pyproject.toml ./*/pyproject.toml ./*/*/pyproject.toml; }

install_python_packages() {
  local stamp=.venv/bootstrap.stamp wanted uv=.venv/bin/uv members=()
  wanted=$(inputs | sha256sum)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  if [ -z "${SSL_CERT_FILE:-}" ] && [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
  fi
  export UV_NO_PROGRESS=1 PIP_DISABLE_PIP_VERSION_CHECK=1
  if [ ! -x .venv/bin/python ]; then
    say "making .venv with $("$python" --version)"
    "$python" -m venv .venv
  fi
  say "installing the locked Python packages"
  [ -x "$uv" ] || .venv/bin/python -m pip install --quiet --require-hashes --requirement deploy/local/bootstrap.lock
  "$uv" pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock deploy/local/bootstrap.lock
  say "installing the workspace members"
  for file in */pyproject.toml */*/pyproject.toml; do members+=(--editable "$(dirname "$file")"); done
  "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation "${members[@]}"
  printf '%s\n' "$wanted" >"$stamp"
}

# The message centre of demonstrations and tests.
install_node_packages() {
  local place=deploy/local/smsc stamp=deploy/local/smsc/node_modules/bootstrap.stamp wanted
  wanted=$(cat $place/package{,-lock}.json | sha256sum)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then return; fi
  say "installing the locked node packages"
  quietly npm ci --prefix "$place" --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier
  printf '%s\n' "$wanted" >"$stamp"
}

if ! command -v dpkg-query >/dev/null; then say "needs Debian 12 or a system like it" >&2; exit 1; fi
mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -gt 0 ]; then install_packages "${missing[@]}"; fi
install_python_packages
install_node_packages
