#!/usr/bin/env bash
# Builds the binary that is shipped: static, for x86_64 Linux with any libc. Checks that it is static, at
# most 16 MiB large, and starts within 10 ms. Needs `rustup target add x86_64-unknown-linux-musl` and the
# Debian package musl-tools, whose C compiler builds ring. Not part of .ci/run: it takes many minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

triple=x86_64-unknown-linux-musl
command -v musl-gcc >/dev/null || {
    echo "musl-gcc is missing: apt-get install musl-tools" >&2
    exit 1
}
cargo build --profile dist --target "$triple" --package imgtrack --bin imgtrack --locked
binary=${CARGO_TARGET_DIR:-target}/$triple/dist/imgtrack

file=$(LC_ALL=C ldd "$binary" 2>&1 || true)
case $file in
*"statically linked"* | *"not a dynamic executable"*) ;;
*)
    echo "$binary is not static: $file" >&2
    exit 1
    ;;
esac

size=$(stat -c %s "$binary")
echo "size: $size bytes"
[ "$size" -le $((16 * 1024 * 1024)) ] || {
    echo "$binary is larger than 16 MiB" >&2
    exit 1
}

runs=200
start=$(date +%s%N)
for _ in $(seq "$runs"); do
    "$binary" --version >/dev/null
done
mean=$((($(date +%s%N) - start) / runs / 1000))
echo "imgtrack --version: $mean µs in the mean of $runs runs"
[ "$mean" -le 10000 ] || {
    echo "imgtrack --version takes more than 10 ms" >&2
    exit 1
}
"$binary" demo >/dev/null
