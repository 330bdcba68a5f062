#!/usr/bin/env bash
# Packages all crates that are published, and installs imgtrack from the packages alone, in an empty
# folder. Needs a registry of crates, and no other network. Not part of .ci/run, because it compiles
# everything once more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
packages=$target/package
rm -rf "$packages"
cargo package --workspace --exclude xtask --exclude registry-tests --exclude imgtrack-manual \
    --no-verify --locked "$@"

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
for package in "$packages"/*.crate; do
    tar xzf "$package" -C "$place"
done
crate=$(echo "$place"/imgtrack-*)
for file in man/imgtrack.1 man/imgtrack-wait.1 README.md LICENSE-MIT LICENSE-APACHE; do
    [ -f "$crate/$file" ] || {
        echo "the package of imgtrack has no $file" >&2
        exit 1
    }
done

# The packages are not in a registry yet, so they take the place of the published ones.
mkdir "$place/.cargo"
{
    echo '[patch.crates-io]'
    for folder in "$place"/*-[0-9]*; do
        name=$(basename "$folder")
        echo "${name%-*} = { path = \"$folder\" }"
    done
} >"$place/.cargo/config.toml"
cd "$crate"
CARGO_TARGET_DIR=$target/package-install cargo install --path . --debug --root "$place/root"
"$place/root/bin/imgtrack" --version
"$place/root/bin/imgtrack" demo >/dev/null
echo "imgtrack installs from its packages"
