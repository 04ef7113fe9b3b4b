/**
 * `node scripts/pack-manifest.mjs strip|restore`, run by npm before and after it makes the package. The checkout brings its own Node for machines
 * whose Node is too old; whoever installs the published package has chosen theirs, so those 185 MB stay behind.
 */

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MANIFEST = join(ROOT, 'package.json')
const KEPT = join(ROOT, '.kernell', 'package.json.before-pack')

if (process.argv[2] === 'strip') strip()
else if (process.argv[2] === 'restore') restore()
else throw new TypeError('Usage: node scripts/pack-manifest.mjs strip|restore')

function strip() {
  // A pack that was interrupted left the stripped manifest in place: start from the whole one.
  restore()
  mkdirSync(dirname(KEPT), { recursive: true })
  copyFileSync(MANIFEST, KEPT)
  const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8'))
  for (const name of Object.keys(manifest.optionalDependencies ?? {}))
    if (/^node-(bin-)?(linux|darwin|win)-/.test(name)) delete manifest.optionalDependencies[name]
  if (Object.keys(manifest.optionalDependencies ?? {}).length === 0) delete manifest.optionalDependencies
  for (const field of ['devDependencies', 'overrides']) delete manifest[field]
  manifest.scripts = {}
  writeFileSync(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`)
}

function restore() {
  if (existsSync(KEPT)) renameSync(KEPT, MANIFEST)
}
