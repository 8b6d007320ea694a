#!/usr/bin/env bash
# Installs qemu and unpacks Debian's kernel for virtual machines into the cache of this example, where nothing of it is installed. It says
# nothing when both are there.
set -euo pipefail
kernel=${XDG_CACHE_HOME:-$HOME/.cache}/paf-microvm
export DEBIAN_FRONTEND=noninteractive
if ! command -v qemu-system-x86_64 >/dev/null; then
  echo 'microvm: installing qemu-system-x86'
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends qemu-system-x86 >/dev/null
fi
compgen -G "$kernel/boot/vmlinuz-*" >/dev/null && exit 0
package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
if [ -z "$package" ]; then
  apt-get update -qq
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
fi
echo "microvm: unpacking $package"
mkdir -p "$kernel"
part=$(mktemp -d "$kernel/part-XXXXXX")
trap 'rm -rf "$part"' EXIT
(cd "$part" && apt-get -o APT::Sandbox::User=root -qq download "$package" >/dev/null && dpkg-deb -x ./*.deb .)
mkdir -p "$kernel/lib/modules"
mv "$part"/lib/modules/* "$kernel/lib/modules/" # the modules first: the kernel's being there says that all is
mkdir -p "$kernel/boot"
mv "$part"/boot/vmlinuz-* "$kernel/boot/"
