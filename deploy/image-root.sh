#!/usr/bin/env bash
# Makes the files of the image from a built program: FOLDER/root is its file system, FOLDER/state what belongs to the user.
#   deploy/image-root.sh PROGRAM FOLDER
set -euo pipefail
program=$1 root=$2/root state=$2/state

install -D -m 0755 "$program" "$root/usr/local/bin/grid-server"
# The program's own libraries (those of C and of the compiler) and the loader; it opens no others.
ldd "$program" | grep -oE '/[^ ]+' | while read -r library; do
  install -D -m 0755 "$library" "$root$library"
done
for package in libc6 libgcc-s1; do
  [ -f "/usr/share/doc/$package/copyright" ] || continue
  install -D -m 0644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done

install -d -m 0755 "$root/etc" "$root/var/lib" "$state"
echo 'grid:x:65532:65532:GRID:/var/lib/grid:/nonexistent' >"$root/etc/passwd"
echo 'grid:x:65532:' >"$root/etc/group"
# The names that compose and Kubernetes write into /etc/hosts come before DNS.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
