#!/usr/bin/env bash
# Rehearses a deploy gate against a running sandbox: images that arrive, whose copy fails or stalls, and
# that get lost, for each kind of registry. docs/src/sandbox.md describes it. Needs the Rust toolchain,
# and takes about a minute.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --locked --quiet -p imgtrack
mkdir -p "${CARGO_TARGET_DIR:-target}"
PATH=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug:$PATH

place=$(mktemp -d)
service=
stop() {
    [ -z "$service" ] || kill "$service" 2>/dev/null || true
    [ -z "$service" ] || wait "$service" 2>/dev/null || true
    rm -rf "$place"
}
trap stop EXIT
trap 'exit 1' INT TERM

# The service is ready when its port file exists. Then its variables are complete, too.
imgtrack sandbox --env --pace 1s --seed 1 --port-file "$place/port" >"$place/env" &
service=$!
for _ in $(seq 300); do
    [ ! -e "$place/port" ] || break
    kill -0 "$service" || exit 1
    sleep 0.1
done
[ -e "$place/port" ] || {
    echo "the sandbox did not become ready" >&2
    exit 1
}
. "$place/env"

count=0
gate() { # CODE TEXT ARGUMENTS...: the exit code, and a text that the output has
    local code=0 output expected=$1 text=$2
    shift 2
    output=$(timeout 60 imgtrack "$@" 2>&1) || code=$?
    count=$((count + 1))
    if [ "$code" != "$expected" ] || [[ $output != *"$text"* ]]; then
        printf 'imgtrack %s\nexit code %s, expected %s with "%s":\n%s\n' "$*" "$code" "$expected" "$text" "$output" >&2
        exit 1
    fi
}

# A registry with rules and tasks. Options that follow select it.
rehearse() { # REGISTRY DESTINATION PLACE HOST OPTIONS...
    local registry=$1 to=$2 held=$3 host=$4
    shift 4
    local own=(--registry "$registry" "$@" --to "$to")

    # An image arrives, and its destination proves it.
    gate 0 'sha256:' sandbox push "$registry" team/api:v90
    gate 1 'does not have' sandbox holds "$held" team/api:v90
    gate 0 'arrived' wait team/api:v90 "${own[@]}" --proof "$to=$host" --timeout 30s
    gate 0 'sha256:' sandbox holds "$held" team/api:v90

    # A copy fails for good.
    gate 0 '' sandbox fail team/api:v91
    gate 0 'sha256:' sandbox push "$registry" team/api:v91
    gate 0 'it is' sandbox clock +1m
    gate 3 'failed' wait team/api:v91 "${own[@]}" --settle 0s --timeout 30s
    gate 3 'failed' explain team/api:v91 "${own[@]}" --settle 0s

    # A copy stalls.
    gate 0 '' sandbox stall team/api:v92
    gate 0 'sha256:' sandbox push "$registry" team/api:v92
    gate 4 'stalled' wait team/api:v92 "${own[@]}" --stall 2s --timeout 30s

    # A copy that has succeeded is lost at its destination.
    gate 0 'has lost' sandbox lose "$held" team/api:v90
    gate 4 'does not have' wait team/api:v90 "${own[@]}" --proof "$to=$host" --timeout 3s

    # The service fails for a moment.
    gate 0 'sha256:' sandbox push "$registry" team/api:v93
    gate 0 'status:503*2' sandbox fault '*=503*2'
    gate 0 'arrived' wait team/api:v93 "${own[@]}" --timeout 30s
    gate 0 'no faults' sandbox fault --clear
}
url=$IMGTRACK_SANDBOX_URL
rehearse huaweicloud-basic cn-north-1 huaweicloud-basic/cn-north-1 \
    "$IMGTRACK_SANDBOX_HOST_HUAWEICLOUD_BASIC_CN_NORTH_1" --region cn-north-4 --endpoint "$url"
rehearse alibabacloud cn-shanghai alibabacloud/cri-fleet0000000002 \
    "$IMGTRACK_SANDBOX_HOST_ALIBABACLOUD_CRI_FLEET0000000002" \
    --region cn-hangzhou --instance cri-fleet0000000001 --endpoint "$url"

# Any OCI registry, which is asked for images alone.
source=$IMGTRACK_SANDBOX_HOST_OCI_SOURCE
mirror=$IMGTRACK_SANDBOX_HOST_OCI_MIRROR_1
gate 0 'sha256:' sandbox push oci team/web:v90
gate 0 'arrived' wait "$source/team/web:v90" --to "$mirror" --timeout 30s
gate 0 'arrived' status "$source/team/web:v90" --to "$mirror" --platform linux/amd64
# Another image is pushed under the tag, and its copy fails.
gate 0 '' sandbox fail team/web --to mirror-1
gate 0 'sha256:' sandbox push oci team/web:v90
gate 6 'digest-mismatch' status "$source/team/web:v90" --to "$mirror"
gate 6 '1 different' diff "$source/team/web" "$mirror/team/web"
gate 0 '' sandbox succeed team/web
# A signature arrives with its image.
digest=$(imgtrack sandbox push oci team/web:v91)
gate 0 'sha256:' sandbox push oci team/web:v91-signature --subject "$digest"
gate 0 'arrived' wait "$source/team/web:v91" --to "$mirror" --with-referrers --timeout 30s
gate 0 'has lost' sandbox lose oci/mirror-1 team/web:v91
gate 4 'does not have' wait "$source/team/web:v91" --to "$mirror" --timeout 3s

kill "$service"
code=0
wait "$service" || code=$?
service=
if [ "$code" != 0 ] || [ -e "$place/port" ]; then
    echo "the sandbox ended with exit code $code" >&2
    exit 1
fi
echo "$count gates against a running sandbox: as expected"
