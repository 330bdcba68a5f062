#!/usr/bin/env bash
# Runs imgtrack's deploy gates against registries that are not ours: two of Debian's docker-registry, and
# the crate container-registry. skopeo pushes the images. Needs these programs, perl and the Rust
# toolchain. As root it installs missing Debian packages, and cargo installs the crate into the target
# folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
for program in docker-registry skopeo; do
    command -v "$program" >/dev/null || missing+=("$program")
done
if [ ${#missing[@]} -gt 0 ]; then
    install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null; }
    install 2>/dev/null || { apt-get update -qq && install; } || {
        echo "install ${missing[*]} (Debian packages) to run this" >&2
        exit 1
    }
fi
mkdir -p "${CARGO_TARGET_DIR:-target}"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
tools=$target/tools
second=$tools/bin/container-registry
[ -x "$second" ] || cargo install --quiet --debug container-registry --version 0.3.1 --locked --features bin \
    --root "$tools" --target-dir "$target/tools-build"
cargo build --locked --quiet -p imgtrack
imgtrack=$target/debug/imgtrack

place=$(mktemp -d)
servers=()
stop() {
    for server in "${servers[@]}"; do
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    done
    rm -rf "$place"
}
trap stop EXIT
trap 'exit 1' INT TERM

# Waits until the log of a server names its port, and prints the host.
listening() { # LOG PATTERN
    local host
    for _ in $(seq 100); do
        host=$(sed 's/\x1b\[[0-9;]*m//g' "$1" | sed -n "s/.*$2\(127\.0\.0\.1:[0-9][0-9]*\).*/\1/p" | head -n 1)
        [ -z "$host" ] || break
        sleep 0.1
    done
    [ -n "$host" ] || {
        cat "$1" >&2
        exit 1
    }
    echo "$host"
}
start_docker_registry() { # NAME
    cat >"$place/$1.yml" <<YAML
version: 0.1
log: { level: info, formatter: json, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: $place/$1 }, delete: { enabled: true } }
http: { addr: '127.0.0.1:0' }
YAML
    : >"$place/$1.log"
    docker-registry serve "$place/$1.yml" >>"$place/$1.log" 2>&1 &
    servers+=($!)
}
start_docker_registry one
start_docker_registry two
: >"$place/three.log"
"$second" --bind 127.0.0.1:0 --storage "$place/three" --password not-so-secret >>"$place/three.log" 2>&1 &
servers+=($!)
one=$(listening "$place/one.log" 'listening on ')
two=$(listening "$place/two.log" 'listening on ')
three=$(listening "$place/three.log" 'addr=')

export DOCKER_CONFIG=$place/docker
mkdir "$DOCKER_CONFIG"
printf '{"auths":{"%s":{"auth":"%s"}}}' "$three" "$(printf 'robot:not-so-secret' | base64 -w 0)" \
    >"$DOCKER_CONFIG/config.json"
chmod 600 "$DOCKER_CONFIG/config.json"

# Images as OCI layouts. blob keeps what comes in, and prints its descriptor without the last brace.
kind=application/vnd.oci.image
blob() { # LAYOUT MEDIATYPE
    cat >"$1/new"
    local size digest
    size=$(stat -c %s "$1/new")
    digest=$(sha256sum "$1/new" | cut -d ' ' -f 1)
    mv "$1/new" "$1/blobs/sha256/$digest"
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s' "$2" "$digest" "$size"
}
layout() { # LAYOUT
    mkdir -p "$place/$1/blobs/sha256"
    printf '{"imageLayoutVersion":"1.0.0"}' >"$place/$1/oci-layout"
}
# Two blocks of zeros are a tar archive without files, and four are the same archive in other bytes.
manifest() { # LAYOUT TEXT ARCHITECTURE BLOCKS [CONFIG]
    local at=$place/$1 layer config empty
    layout "$1"
    layer=$(head -c $((512 * $4)) /dev/zero | blob "$at" $kind.layer.v1.tar)}
    empty=$(head -c 1024 /dev/zero | sha256sum | cut -d ' ' -f 1)
    config=$(printf '{"architecture":"%s","os":"linux","author":"%s","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$3" "$2" "$empty" | blob "$at" "${5:-$kind.config.v1+json}")}
    printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' \
        $kind.manifest.v1+json "$config" "$layer" | blob "$at" $kind.manifest.v1+json
}
of() { # DESCRIPTOR ARCHITECTURE
    printf '%s,"platform":{"architecture":"%s","os":"linux"}}' "$1" "$2"
}
top() { # LAYOUT DESCRIPTOR: the image that is pushed
    printf '{"schemaVersion":2,"manifests":[%s]}' "$2" >"$place/$1/index.json"
}
index() { # LAYOUT MANIFESTS
    top "$1" "$(printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' $kind.index.v1+json "$2" |
        blob "$place/$1" $kind.index.v1+json)}"
}
top single "$(of "$(manifest single single amd64 2)" amd64)"
top other "$(of "$(manifest other other amd64 2)" amd64)"
amd64=$(of "$(manifest attested web amd64 2)" amd64)
arm64=$(of "$(manifest attested web arm64 2)" arm64)
attestation=$(manifest attested attestation unknown 2)
attestation+=',"platform":{"architecture":"unknown","os":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"}}'
index attested "$amd64,$arm64,$attestation"
manifest created web amd64 2 >/dev/null
manifest created web arm64 2 >/dev/null
index created "$amd64,$arm64"
manifest partial web amd64 2 >/dev/null
index partial "$amd64"
top packed "$(of "$(manifest packed single amd64 4)" amd64)"
top signature "$(of "$(manifest signature signature amd64 2)" amd64)"

skopeo() { command skopeo --insecure-policy --override-os linux --override-arch amd64 "$@"; }
push() { # LAYOUT HOST/REPOSITORY:TAG
    skopeo copy --all --quiet --authfile "$DOCKER_CONFIG/config.json" --dest-tls-verify=false \
        "oci:$place/$1" "docker://$2"
}
digest() { # HOST/REPOSITORY:TAG
    skopeo inspect --raw --authfile "$DOCKER_CONFIG/config.json" --tls-verify=false "docker://$1" |
        sha256sum | cut -d ' ' -f 1
}
count=0
gate() { # CODE TEXT ARGUMENTS...: the exit code, and a text that the output has
    local code=0 output expected=$1 text=$2
    shift 2
    output=$("$imgtrack" "$@" 2>&1) || code=$?
    count=$((count + 1))
    if [ "$code" != "$expected" ] || [[ $output != *"$text"* ]]; then
        printf 'imgtrack %s\nexit code %s, expected %s with "%s":\n%s\n' "$*" "$code" "$expected" "$text" "$output" >&2
        exit 1
    fi
}

# A single manifest: it is not there, it is there, it arrives while a gate waits.
gates() { # SOURCE DESTINATION
    push single "$1/team/api:v1"
    local expected
    expected=$(digest "$1/team/api:v1")
    gate 4 'does not have team/api:v1' status "$1/team/api:v1" --to "$2"
    (sleep 2 && push single "$2/team/api:v1") &
    gate 0 arrived wait "$1/team/api:v1" --to "$2" --timeout 60s
    wait $!
    gate 0 arrived wait "$2/team/api:v1" --timeout 60s
    gate 0 arrived status "$2/team/api@sha256:$expected"
    gate 0 arrived status "$2/team/api:v1" --from "$1/team/api:v1"
    gate 4 'deadline passed' wait "$2/team/api:v2" --timeout 2s
    # Another image under the tag, which the right one replaces.
    push other "$2/team/api:v1"
    gate 6 digest-mismatch status "$1/team/api:v1" --to "$2"
    (sleep 2 && push single "$2/team/api:v1") &
    gate 0 arrived wait "$1/team/api:v1" --to "$2" --timeout 60s
    wait $!
    # The same image with its layer in other bytes.
    push packed "$2/team/api:v1"
    gate 6 digest-mismatch status "$1/team/api:v1" --to "$2"
    gate 6 'linux/amd64' status "$1/team/api:v1" --to "$2" --match platforms
    gate 0 'the configs' status "$1/team/api:v1" --to "$2" --match config
    push single "$2/mirror/api:v1"
    gate 0 arrived status "$1/team/api:v1" --to "$2/mirror"
}
# Indexes and signatures.
lists() { # SOURCE DESTINATION
    push attested "$1/team/web:v1"
    push partial "$2/team/web:v1"
    gate 6 'missing platforms: linux/arm64' status "$1/team/web:v1" --to "$2" --match platforms
    gate 0 'the platforms' status "$1/team/web:v1" --to "$2" --platform linux/amd64
    push created "$2/team/web:v1"
    gate 6 digest-mismatch status "$1/team/web:v1" --to "$2"
    gate 0 'the platforms' status "$1/team/web:v1" --to "$2" --match platforms
    gate 6 '1 different' diff "$1/team/web" "$2/team/web"
    gate 0 '1 same' diff "$1/team/web" "$2/team/web" --match platforms
    push attested "$2/team/web:v1"
    gate 0 'the destination' status "$1/team/web:v1" --to "$2"
    local signature
    signature=sha256-$(digest "$1/team/web:v1").sig
    push signature "$1/team/web:$signature"
    gate 4 'without what refers to it' status "$1/team/web:v1" --to "$2" --with-referrers
    gate 6 '1 missing' diff "$1" "$2" --tags 'sha256-*'
    (sleep 2 && push signature "$2/team/web:$signature") &
    gate 0 arrived wait "$1/team/web:v1" --to "$2" --with-referrers --timeout 60s
    wait $!
}
gates "$one" "$two"
lists "$one" "$two"
gates "$one" "$three"
echo "$count gates against docker-registry and container-registry: as expected"
