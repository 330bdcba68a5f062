#!/usr/bin/env bash
# The vendors' own Python SDKs against the sandbox: they must decode the same answers that our
# clients decode, and be refused with a wrong secret.
#
# Needs python3 with venv and access to PyPI; makes a virtual environment under target/. It is no
# part of `cargo test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

environment=target/vendor-sdk
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
fi
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    huaweicloudsdkswr==3.1.219 alibabacloud-cr20181201==2.2.5

cargo build --quiet -p imgtrack
cargo build --quiet -p registry-tests --example answers

work=$(mktemp -d)
sandbox=
finish() {
    [ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

mkfifo "$work/out"
target/debug/imgtrack sandbox --listen 127.0.0.1:0 >"$work/out" &
sandbox=$!
exec 3<"$work/out"
read -r accounts <&3
printf '%s\n' "$accounts" >"$work/accounts.json"

target/debug/examples/answers <"$work/accounts.json" >"$work/answers.json"
"$environment/bin/python" tests/vendor-sdk.py "$work/accounts.json" "$work/answers.json"
