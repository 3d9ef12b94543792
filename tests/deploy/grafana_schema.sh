#!/usr/bin/env bash
# grafana_schema.sh DIR: DIR/dashboard.schema.json, a strict JSON Schema made from Grafana's own TypeScript types.
set -euo pipefail
mkdir -p "$1"
cd "$1"
[ ! -e dashboard.schema.json ] || exit 0
[ -f package.json ] || npm init -y >/dev/null
npm install --no-audit --no-fund --ignore-scripts --legacy-peer-deps @grafana/schema@11.6 ts-json-schema-generator@2 typescript@5 >npm.log 2>&1
echo '{ "compilerOptions": { "strict": true, "skipLibCheck": true, "moduleResolution": "bundler", "module": "esnext", "target": "es2020" } }' >tsconfig.json
npx --no-install ts-json-schema-generator --path node_modules/@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen.d.ts \
    --type Dashboard --tsconfig tsconfig.json --no-type-check -o dashboard.schema.tmp
mv dashboard.schema.tmp dashboard.schema.json
