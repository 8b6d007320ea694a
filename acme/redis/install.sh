#!/usr/bin/env bash
# Installs the server that the tests of this module run: Debian's package. It says nothing when it is there.
set -euo pipefail
command -v redis-server >/dev/null && exit 0
echo "acme/redis: installing redis-server"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends redis-server >/dev/null
