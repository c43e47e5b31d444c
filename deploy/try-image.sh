#!/usr/bin/env bash
# Builds the last stage of the Dockerfile around a program that is there already, and runs it as an orchestrator would: its
# own user, no rights, a read-only file system, a folder for the state. Needs buildah and root; no registry is asked.
#   deploy/try-image.sh PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "$1")

fail() { printf 'image: %s\n' "$*" >&2; exit 1; }
command -v buildah >/dev/null || fail "buildah is needed (Debian: buildah)"
[ "$(id -u)" = 0 ] || exec sudo -- "$0" "$program"

work=$(mktemp -d)
chmod 0755 "$work"
pid=
finish() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  builder umount --all >/dev/null 2>&1 || true
  rm -rf "$work"
}
builder() { buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }
trap finish EXIT

# --- the image ---------------------------------------------------------------------------------------------------------

deploy/image-root.sh "$program" "$work/built/image"
builder build --quiet --isolation chroot --format docker --target server --build-context "build=$work/built" \
  --tag grid-server . >/dev/null
said() { builder inspect --type image --format "{{$1}}" grid-server; }
is() { # what, expected, got
  [ "$2" = "$3" ] || fail "expected $1 to be \`$2\`, got \`$3\`"
}
is "the user" 65532:65532 "$(said .OCIv1.Config.User)"
is "the working directory" /var/lib/grid "$(said .OCIv1.Config.WorkingDir)"
is "the signal to stop" SIGTERM "$(said .OCIv1.Config.StopSignal)"
is "the ports" 'map[8080/tcp:{}]' "$(said .OCIv1.Config.ExposedPorts)"
is "the volumes" 'map[/var/lib/grid:{}]' "$(said .OCIv1.Config.Volumes)"
is "the command" '[/usr/local/bin/grid-server] [serve]' "$(said .OCIv1.Config.Entrypoint) $(said .OCIv1.Config.Cmd)"
is "the health check" '[CMD /usr/local/bin/grid-server healthcheck]' "$(said .Docker.Config.Healthcheck.Test)"
mapfile -t environment < <(builder inspect --type image --format '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' grid-server | grep .)

root=$(builder mount "$(builder from grid-server)")
is "the owner of the state" 65532:65532 "$(stat -c %u:%g "$root/var/lib/grid")"
foreign=$(find "$root" -path "$root/var/lib/grid" -prune -o ! -user root -print)
[ -z "$foreign" ] || fail "files that do not belong to root: $foreign"

# --- a container ---------------------------------------------------------------------------------------------------------

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
state=$work/state
install -d -o 65532 -g 65532 -m 0700 "$state"
# The user, the folder and the variables that the image names; no other group, and no way to more rights.
inside() {
  exec env -i "${environment[@]}" PORT="$port" /usr/bin/setpriv --no-new-privs --clear-groups \
    /usr/bin/unshare --root="$root" --wd=/var/lib/grid --setgid 65532 --setuid 65532 /usr/local/bin/grid-server "$@"
}
(
  export root state port
  exec unshare --mount bash -c '
    set -eu
    mount --bind "$root" "$root" && mount --bind "$state" "$root/var/lib/grid" && mount -o remount,bind,ro "$root"
    '"$(declare -p environment); $(declare -f inside)"'
    inside serve'
) >"$work/log" 2>&1 &
pid=$!
for _ in $(seq 100); do
  kill -0 "$pid" 2>/dev/null || fail "the server ended: $(cat "$work/log")"
  if (inside healthcheck) 2>/dev/null; then ready=yes; break; fi
  sleep 0.2
done
[ "${ready:-}" = yes ] || fail "the health check never passed: $(cat "$work/log")"
is "the server's user and group" "65532 65532" "$(awk '/^[UG]id:/ {print $2}' "/proc/$pid/status" | paste -sd ' ')"
is "the server's capabilities" 0 "$((16#$(awk '/^CapPrm:/ {print $2}' "/proc/$pid/status")))"
if touch "/proc/$pid/root/etc/written" 2>/dev/null; then fail "the file system can be written"; fi
touch "/proc/$pid/root/var/lib/grid/written" || fail "the state cannot be written"
deploy/smoke.sh "http://127.0.0.1:$port"
[ -f "$state/grid-data/grid.db" ] || fail "the database is not in the state's folder"

# --- its end --------------------------------------------------------------------------------------------------------------

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
is "the exit code after SIGTERM" 0 "$status"
[ ! -e "$state/grid-data/grid.db-wal" ] || fail "the log of the database was not written back"
echo "image: $(du -sm --apparent-size "$root" | cut -f1) MB, runs as nobody on a read-only file system and ends well"
