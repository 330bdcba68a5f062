#!/usr/bin/env bash
# Runs Python clients that are not ours against the sandbox: the vendors' SDKs for Huawei and Alibaba,
# harborapi and harbor-api-client for Harbor. They must decode the same answers that our clients decode.
# The sandbox must refuse them with a wrong secret.
#
# For Amazon, the server is not ours either: our client and boto3 make the same calls to moto's server, and
# must decode the same answers.
#
# Needs python3 with venv and access to PyPI. Creates a virtual environment under target/. `cargo test`
# does not run it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

environment=target/vendor-sdk
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
fi
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    huaweicloudsdkswr==3.1.219 alibabacloud-cr20181201==2.2.5 \
    harborapi==0.26.2 harbor-api-client==2.12.2 \
    'moto[server]==5.2.5' boto3==1.44.8 botocore==1.44.8

cargo build --quiet -p imgtrack
cargo build --quiet -p registry-tests --example answers --example calls

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
failed=0
python="$environment/bin/python"
"$python" tests/vendor-sdk/clouds.py "$work/accounts.json" "$work/answers.json" || failed=1
"$python" tests/vendor-sdk/harbor.py "$work/accounts.json" target/debug/examples/calls || failed=1
"$python" tests/vendor-sdk/amazon.py target/debug/examples/calls || failed=1
exit "$failed"
