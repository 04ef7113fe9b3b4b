import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of this program's own modules. */
const SOURCES = fileURLToPath(new URL('../../', import.meta.url))
const CODE = /\.(?:[cm]?js|ts|wasm)$/

/** SHA-256 of the program itself, 64 hexadecimal digits: a seed that other code has played says nothing of this one. */
export function codeHash(): string {
  const hash = createHash('sha256')
  const names = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (name) => CODE.test(name) && !name.endsWith('.d.ts'),
  )
  for (const name of names.toSorted()) {
    const bytes = readFileSync(join(SOURCES, name))
    hash.update(`${name}\0${bytes.byteLength}\0`).update(bytes)
  }
  return hash.digest('hex')
}
