#!/usr/bin/env bash
# Holds the look at a destination against a registry and a client that are not ours: Debian's
# docker-registry on loopback, and skopeo, which pushes and says what is there. Needs both, perl and
# the Rust toolchain; no network. As root it installs what is missing, where apt-get can.
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

place=$(mktemp -d)
server=
stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$place"
}
trap stop EXIT
trap 'exit 1' INT TERM

# The registry: port 0 is any that is free, and its log says which. bcrypt is all that it takes.
export OCI_USER=robot OCI_PASSWORD=not-so-secret
perl -e '$hash = crypt($ARGV[1], "\$2y\$05\$abcdefghijklmnopqrstuu");
    die "no bcrypt in crypt(3)\n" unless $hash =~ /^\$2y\$/; print "$ARGV[0]:$hash\n"' \
    "$OCI_USER" "$OCI_PASSWORD" >"$place/htpasswd"
cat >"$place/registry.yml" <<YAML
version: 0.1
log: { level: info, formatter: json, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: $place/storage }, delete: { enabled: true } }
http: { addr: '127.0.0.1:0' }
auth: { htpasswd: { realm: tests, path: $place/htpasswd } }
YAML
# Looked into before the registry has opened it.
: >"$place/log"
docker-registry serve "$place/registry.yml" >>"$place/log" 2>&1 &
server=$!
OCI_HOST=
for _ in $(seq 100); do
    OCI_HOST=$(sed -n '/listening on 127/{s/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p;q}' "$place/log")
    [ -z "$OCI_HOST" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ -n "$OCI_HOST" ] || {
    cat "$place/log" >&2
    exit 1
}
export OCI_HOST

# An image of no files at all, as an OCI layout: image NAME TEXT, TEXT being what tells it apart.
blob() { # keeps what comes in as a blob, and prints its descriptor of the media type $2
    cat >"$1/new"
    local size digest
    size=$(stat -c %s "$1/new")
    digest=$(sha256sum "$1/new" | cut -d ' ' -f 1)
    mv "$1/new" "$1/blobs/sha256/$digest"
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s' "$2" "$digest" "$size"
}
image() {
    local layout=$place/$1 layer config manifest kind=application/vnd.oci.image
    mkdir -p "$layout/blobs/sha256"
    printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
    # Two blocks of nothing are a tar archive with no files.
    head -c 1024 /dev/zero >"$place/empty.tar"
    layer=$(blob "$layout" $kind.layer.v1.tar <"$place/empty.tar")}
    config=$(printf '{"architecture":"amd64","os":"linux","author":"%s","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$2" "$(sha256sum "$place/empty.tar" | cut -d ' ' -f 1)" | blob "$layout" $kind.config.v1+json)}
    manifest=$(printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' \
        $kind.manifest.v1+json "$config" "$layer" | blob "$layout" $kind.manifest.v1+json)
    manifest+=',"platform":{"architecture":"amd64","os":"linux"}}'
    printf '{"schemaVersion":2,"manifests":[%s]}' "$manifest" >"$layout/index.json"
    # The same as a list of one image, which has a digest of its own.
    mkdir -p "$layout-list"
    cp -r "$layout/." "$layout-list"
    local list
    list=$(printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' $kind.index.v1+json "$manifest" |
        blob "$layout-list" $kind.index.v1+json)}
    printf '{"schemaVersion":2,"manifests":[%s]}' "$list" >"$layout-list/index.json"
}
image first first
image second second

export DOCKER_CONFIG=$place/docker
mkdir "$DOCKER_CONFIG"
skopeo() { command skopeo --insecure-policy --override-os linux --override-arch amd64 "$@"; }
skopeo login --authfile "$DOCKER_CONFIG/config.json" --tls-verify=false \
    -u "$OCI_USER" -p "$OCI_PASSWORD" "$OCI_HOST" >/dev/null
chmod 600 "$DOCKER_CONFIG/config.json"
push() { # LAYOUT REPOSITORY:TAG
    skopeo copy --all --quiet --authfile "$DOCKER_CONFIG/config.json" --dest-tls-verify=false \
        "oci:$place/$1" "docker://$OCI_HOST/$2"
}
digest() { # REPOSITORY:TAG
    skopeo inspect --authfile "$DOCKER_CONFIG/config.json" --tls-verify=false \
        --format '{{.Digest}}' "docker://$OCI_HOST/$1"
}
look() {
    OCI_EXPECTED=$1 cargo test --locked --quiet -p registry-tests --test oci_registry
}

push first team/api:v42
push first-list team/api:all
first=$(digest team/api:v42)
list=$(digest team/api:all)
[ "$first" != "$list" ]
look "team/api v42 $first
team/api $first $first
team/api all $list
team/api v43 -
team/other v42 -"

# The tag moves on; what it was stays there by its digest. Then the list is lost.
push second team/api:v42
second=$(digest team/api:v42)
[ "$first" != "$second" ]
skopeo delete --authfile "$DOCKER_CONFIG/config.json" --tls-verify=false \
    "docker://$OCI_HOST/team/api:all"
look "team/api v42 $second
team/api $first $first
team/api all -
team/api $list -"
