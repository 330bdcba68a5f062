#!/usr/bin/env bash
# Holds the specs against two checkers of OpenAPI that are not ours: the Redocly CLI (npm) and
# openapi-spec-validator (PyPI). Needs node, npm and python3, and both registries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

place=target/openapi
mkdir -p "$place"
[ -x "$place/python/bin/openapi-spec-validator" ] || {
    python3 -m venv "$place/python"
    "$place/python/bin/pip" install --quiet openapi-spec-validator==0.9.0
}
[ -x "$place/node_modules/.bin/redocly" ] ||
    npm install --silent --no-audit --no-fund --prefix "$place" @redocly/cli@2.77.0

"$place/python/bin/openapi-spec-validator" specs/*/*.yaml
# Every warning counts, too. Harbor has a path that ends in a slash.
for spec in specs/*/*.yaml; do
    "$place/node_modules/.bin/redocly" lint --skip-rule=no-path-trailing-slash --format=json "$spec" 2>/dev/null >"$place/report.json" || true
    python3 -c 'import json, sys
totals = json.load(open(sys.argv[1]))["totals"]
print(sys.argv[2] + ": redocly:", totals["errors"], "errors,", totals["warnings"], "warnings")
sys.exit(totals["errors"] + totals["warnings"] > 0)' "$place/report.json" "$spec"
done
