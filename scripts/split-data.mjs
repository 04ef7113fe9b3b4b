#!/usr/bin/env node
/**
 * Splits a data file of `kernell eval` into two halves: by subject (no subject is on both sides), or by row.
 *
 *   node scripts/split-data.mjs FILE.jsonl[.gz] --by subject|row --seed N --out DIR      writes DIR/half-a.jsonl and DIR/half-b.jsonl
 *
 * The same seed gives the same halves on every machine.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    by: { type: 'string', default: 'row' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: '.' },
  },
})
const [file] = positionals
if (file === undefined || !['subject', 'row'].includes(values.by)) {
  process.stderr.write('usage: node scripts/split-data.mjs FILE.jsonl[.gz] --by subject|row --seed N --out DIR\n')
  process.exit(2)
}

const bytes = readFileSync(file)
const lines = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  .toString('utf8')
  .split('\n')
  .filter((line) => line !== '')
const digest = (key) => createHash('sha256').update(`${values.seed}\n${key}`).digest('hex')
const keyOf = (line) => {
  const row = JSON.parse(line)
  return values.by === 'subject' ? row.subject : row.id
}

// Groups are ordered by a seeded hash and dealt to the side that has fewer rows, so that the halves are of about one size.
const groups = Map.groupBy?.(lines, keyOf) ?? group(lines)
const halves = [[], []]
for (const key of [...groups.keys()].sort((a, b) => (digest(a) < digest(b) ? -1 : 1))) {
  const smaller = halves[0].length <= halves[1].length ? 0 : 1
  halves[smaller].push(...groups.get(key))
}
mkdirSync(values.out, { recursive: true })
for (const [index, name] of ['half-a.jsonl', 'half-b.jsonl'].entries())
  writeFileSync(join(values.out, name), `${halves[index].join('\n')}\n`)
process.stdout.write(`${groups.size} groups: ${halves[0].length} and ${halves[1].length} rows in ${values.out}\n`)

function group(rows) {
  const found = new Map()
  for (const row of rows) found.set(keyOf(row), [...(found.get(keyOf(row)) ?? []), row])
  return found
}
