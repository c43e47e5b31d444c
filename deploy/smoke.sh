#!/usr/bin/env bash
# Goes once through a running server, as somebody new would: health, a login, a device, a reading in
# and out, a battery file, a forecast.
#   deploy/smoke.sh https://grid.example             registers a user `smoke-...` of its own
#   deploy/smoke.sh https://grid.example NAME        logs in as NAME; the password is read from standard input
# The user and the device stay: what readings stand on is never deleted.
set -euo pipefail
server=${1:?expected the address of a server, as in https://grid.example}
server=${server%/}
name=${2:-}

fail() { printf 'smoke: %s\n' "$*" >&2; exit 1; }
ok() { printf 'ok: %s\n' "$*"; }
body=$(mktemp)
trap 'rm -f "$body"' EXIT
# Says the status of a request, and leaves what came in $body. Nothing is followed: a redirect would drop the token.
ask() { curl -sS -o "$body" -w '%{http_code}' --max-time 60 "$@" || fail "no answer to ${*: -1}"; }
value() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/" "$body"; }
expect() { # what, status, then what ask takes
  local what=$1 status=$2 got
  shift 2
  got=$(ask "$@")
  [ "$got" = "$status" ] || fail "$what: expected $status, got $got: $(head -c 500 "$body")"
  ok "$what"
}
json() { printf '%s\n' -H 'Content-Type: application/json' --data-binary "$1"; }

# Cloud Run keeps paths that end with z to itself: there, only its own probes reach these two.
for path in healthz readyz; do
  status=$(ask "$server/$path")
  if grep -q '"status"' "$body"; then
    [ "$status" = 200 ] || fail "/$path: expected 200, got $status: $(cat "$body")"
    ok "/$path"
  else
    ok "/$path is not passed on to the server (answer $status)"
  fi
done
expect "/openapi.json" 200 "$server/openapi.json"
expect "no token is 401" 401 "$server/api/v1/auth/me"

if [ -n "$name" ]; then
  IFS= read -r password || fail "expected the password of $name on standard input"
else
  name=smoke-$(date -u +%Y%m%d%H%M%S)-$$
  password=$(head -c 18 /dev/urandom | base64)
  mapfile -t fields < <(json "{\"username\": \"$name\", \"email\": \"$name@example.org\", \"password\": \"$password\"}")
  expect "register $name" 201 "${fields[@]}" "$server/api/v1/auth/register"
fi
[[ "$name$password" != *[\"\\]* ]] || fail "a name or a password with a quotation mark or a backslash is not taken here"
mapfile -t fields < <(json "{\"username\": \"$name\", \"password\": \"$password\"}")
expect "log in" 200 "${fields[@]}" "$server/api/v1/auth/login"
token=$(value access_token)
[ "$(tr -cd . <<<"$token")" = .. ] || fail "expected a token of three parts"
as=(-H "Authorization: Bearer $token")
expect "who I am" 200 "${as[@]}" "$server/api/v1/auth/me"
grep -q "\"$name\"" "$body" || fail "expected my own name, got $(cat "$body")"

mapfile -t fields < <(json '{"name": "smoke", "kind": "meter", "time_zone": "Europe/Madrid"}')
expect "a device" 201 "${as[@]}" "${fields[@]}" "$server/api/v1/devices"
readings=$server/api/v1/devices/$(value id)/readings
rows=$'channel,start,end,energy_kwh,quality\nconsumption,2026-06-01T10:00:00Z,2026-06-01T11:00:00Z,0.251,measured'
expect "a reading in" 200 "${as[@]}" -H 'Content-Type: text/csv' --data-binary "$rows" "$readings"
expect "the reading out" 200 "${as[@]}" "$readings"
grep -q '"energy_kwh":"0.251000"' "$body" || fail "expected 0.251000 kWh back, got $(cat "$body")"

# A file goes through a temporary one on the server's disk, which a read-only file system would lack.
recording=$'Test Time (s),Current (A),Voltage (V)\n0,1.0,3.60\n60,1.0,3.62\n120,1.0,3.64\n180,0.0,3.62'
expect "a battery file" 200 "${as[@]}" -F "file=@-;filename=smoke.csv" "$server/api/v1/battery/recordings?store=false" <<<"$recording"

# Three days of a load that rises in the evening; a series that is sent needs no database.
series=$(for day in 1 2 3; do for hour in {0..23}; do printf '0.%d, ' $((hour < 18 ? 2 + day % 2 : 7)); done; done)
mapfile -t fields < <(json "{\"series\": {\"start\": \"2026-06-01T00:00:00Z\", \"values\": [${series%, }]}, \"horizon_hours\": 24}")
expect "a forecast" 200 "${as[@]}" "${fields[@]}" "$server/api/v1/forecasts?store=false"
grep -q '"points"' "$body" || fail "expected points, got $(head -c 500 "$body")"
echo "smoke: $server works"
