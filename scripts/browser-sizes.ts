/** `npm run sizes`: how much each door weighs in a page, as a bundler ships all that it exports, and what it may weigh. `--json` prints one document. */

import { gzipSync } from 'node:zlib'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

/** Bytes, minified; compressed as a server sends it. */
export type BundleSize = { readonly bytes: number; readonly gzipBytes: number }

/**
 * The most that each door may weigh, in thousands of bytes: a tenth above what it weighed when the line was written. A door that grows past it is
 * looked at before the line is changed.
 */
export const SIZE_BUDGETS: Readonly<Record<string, { readonly kB: number; readonly gzipKB: number }>> = {
  core: { kB: 585, gzipKB: 198 },
  ports: { kB: 0.5, gzipKB: 0.4 },
  wire: { kB: 235, gzipKB: 73 },
  wasm: { kB: 36, gzipKB: 12.5 },
  'wasm/browser': { kB: 118, gzipKB: 34.5 },
  'wasm/component': { kB: 81, gzipKB: 18.5 },
  actors: { kB: 201, gzipKB: 62 },
  router: { kB: 370, gzipKB: 124 },
  memory: { kB: 149, gzipKB: 48.5 },
  simulation: { kB: 2_180, gzipKB: 717 },
  testing: { kB: 150, gzipKB: 47.5 },
  'peer-browser': { kB: 1_503, gzipKB: 446 },
  'peer-browser/bundle': { kB: 1_503, gzipKB: 446 },
}

const ENTRY = '\0door'
const GZIP_LEVEL = 9

/** All of a door in one script, built from dist as a site would. Throws where it needs what a page does not have. */
export async function sizeOfDoor(door: string): Promise<BundleSize> {
  // Only where something is built: it brings a native program.
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: ENTRY,
    cwd: ROOT,
    platform: 'browser',
    onLog(level, { code, message }) {
      // The component says so of itself, and reads its module from a file only where there is no `fetch`.
      const isKnown = code === 'MODULE_LEVEL_DIRECTIVE' || (code === 'UNRESOLVED_IMPORT' && door === 'wasm/component')
      if (level === 'warn' && !isKnown) throw new Error(`The door ${door} is not for pages: ${message}`)
    },
    plugins: [
      {
        name: 'door',
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? `export * from 'kernell-os/${door}'` : undefined),
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false, comments: false })
  await bundle.close()
  const [{ code, imports }] = output
  if (output.length !== 1 || imports.length > 0)
    throw new Error(`The door ${door} is not one script: it needs ${imports.join(', ')}`)
  return { bytes: Buffer.byteLength(code), gzipBytes: gzipSync(code, { level: GZIP_LEVEL }).length }
}

async function main(): Promise<void> {
  const rows = []
  for (const [door, budget] of Object.entries(SIZE_BUDGETS)) rows.push({ door, ...(await sizeOfDoor(door)), ...budget })
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`)
    return
  }
  const line = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(26) : cell.padStart(11))).join('')
  const kB = (bytes: number): string => (bytes / 1_000).toFixed(1)
  process.stdout.write(`${line(['door', 'kB', 'at most', 'gzip kB', 'at most'])}\n`)
  for (const { door, bytes, gzipBytes, kB: most, gzipKB } of rows)
    process.stdout.write(`${line([`kernell-os/${door}`, kB(bytes), `${most}`, kB(gzipBytes), `${gzipKB}`])}\n`)
}

if (import.meta.main) await main()
