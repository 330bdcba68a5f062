#!/usr/bin/env bash
# Runs the commands of docs/src/adding-a-provider.md, in its order, in a copy of this workspace, up to a
# simulation of the invented provider's arrivals. Fails with the first command that fails. Needs git and
# the Rust toolchain, and no network.
#
# The copy is TARGET/new-provider, where TARGET is cargo's target folder, which both use. So the
# dependencies of the workspace's own build are not built again. Packages of the copy have another profile,
# because cargo would take packages of one name, profile and relative path for the same ones. The path of
# the copy stays the same, so that a second run builds only what changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p "${CARGO_TARGET_DIR:-target}"
CARGO_TARGET_DIR=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
export CARGO_TARGET_DIR CARGO_NET_OFFLINE=true
guide=docs/src/adding-a-provider.md
copy=$CARGO_TARGET_DIR/new-provider

# tar keeps the times of files, by which cargo knows what changed.
rm -rf "$copy"
mkdir "$copy"
git ls-files -z --deduplicate | tar --null --files-from=- --create --file=- | tar --extract --directory="$copy"
cd "$copy"
profile='debug = "line-tables-only"'
grep -qxF "$profile" Cargo.toml || {
    echo "Cargo.toml has no line $profile in [profile.dev]; change what this script replaces" >&2
    exit 1
}
sed -i "s/^$profile\$/debug = false/" Cargo.toml

# `cargo xtask diff` compares with the last commit.
git init --quiet
git add .
git -c user.name=test -c user.email=test@example.com -c commit.gpgsign=false commit --quiet -m base

count=0
while IFS= read -r command; do
    echo "+ $command"
    SECONDS=0
    bash -euo pipefail -c "$command" </dev/null
    echo "$SECONDS s"
    count=$((count + 1))
done < <(awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$guide")
[ "$count" -ge 12 ] || {
    echo "$guide has only $count commands in blocks of sh" >&2
    exit 1
}
