#!/usr/bin/env bash
# Installs what the tests of this module, of netstack, cmd/paf and examples run paf against: Debian's packages. It says
# nothing when all of it is there.
set -euo pipefail
declare -A package=([curl]=curl [git]=git [nc]=netcat-openbsd [nginx]=nginx-light [node]=nodejs [chromium]=chromium [wrk]=wrk
  [openssl]=openssl [ip]=iproute2 [ping]=iputils-ping [dnsmasq]=dnsmasq-base [nghttp]=nghttp2-client [h2load]=nghttp2-client [nghttpd]=nghttp2-server [h2o]=h2o
  [haproxy]=haproxy [systemd-socket-activate]=systemd [ssh]=openssh-client)
missing=()
for tool in "${!package[@]}"; do
  command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || missing+=("${package[$tool]}")
done
[ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || missing+=(libnginx-mod-stream) # with nginx-light
[ ${#missing[@]} -eq 0 ] && exit 0
echo "conformance: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
