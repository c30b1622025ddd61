#!/bin/sh
# Readings of a pump go over a radio link that cuts, resets and falls silent, and not one is lost,
# doubled or out of order. With the command line alone:  sh telemetry.sh [FOLDER]
set -eu
folder=${1:-$(mktemp -d)}
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# Waits until a command has said on which port it listens.
port_of() {
  until grep -q '"event":"listening"' "$1" 2>/dev/null; do sleep 0.1; done
  sed -n 's/.*"event":"listening".*"port":\([0-9]*\).*/\1/p' "$1"
}

# The control room writes what arrives to a file; a reading counts when the disk has it.
wilco listen --port 0 --out "$folder/arrived.ndjson" --sync --type pump.reading --wait 2s --json \
  2>"$folder/listen.log" &
room=$!

# The radio link between: slow, and unreliable in every way that the proxy knows.
wilco proxy --listen 0 --to ":$(port_of "$folder/listen.log")" --seed 7 --json \
  --delay 20ms --cut 500ms --reset 800ms --stall 2s --stall-for 3s \
  >"$folder/faults.ndjson" 2>"$folder/proxy.log" &
link=$!

# The pump: a thousand readings, each a line of JSON.
seq 1000 | awk '{ printf "{\"n\":%d,\"bar\":%.2f}\n", $1, 4 + ($1 * 7919 % 97) / 100 }' \
  >"$folder/readings.ndjson"
wilco send --to ":$(port_of "$folder/proxy.log")" --type pump.reading --wait 2s --retry 200ms \
  --receipts "$folder/receipts.ndjson" --quiet "$folder/readings.ndjson"

kill "$link" "$room"
wait "$link" "$room"
sed 's/.*"body":\(.*\)}$/\1/' "$folder/arrived.ndjson" | cmp - "$folder/readings.ndjson"
echo "$(grep -c '"outcome":"handled"' "$folder/receipts.ndjson") readings arrived, once and in order"
echo "faults on the way: $(grep -c '"event":"fault"' "$folder/faults.ndjson")"
