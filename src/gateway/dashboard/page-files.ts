import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One file of the page, in memory. */
export type PageFile = {
  readonly bytes: Buffer
  readonly type: string
  /** Strong, quoted. */
  readonly etag: string
  /** Its name has the hash of what it holds, so it never changes. */
  readonly isImmutable: boolean
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

/** Where the build puts the page, whether this code runs from dist/src or from src. */
const PLACES = ['../../../dashboard/', '../../../dist/dashboard/']

/**
 * All files of the page by name, read once; empty where it was not built. What is asked for is looked up among these names and never made into a
 * path, so that nothing else of the disk can be asked for.
 */
export function loadPageFiles(): ReadonlyMap<string, PageFile> {
  for (const place of PLACES) {
    const folder = new URL(place, import.meta.url)
    const names = namesIn(folder)
    if (names.includes('index.html')) return new Map(names.map((name) => [name, readFile(new URL(name, folder), name)]))
  }
  return new Map()
}

function namesIn(folder: URL): readonly string[] {
  try {
    const entries = readdirSync(fileURLToPath(folder), { withFileTypes: true })
    return entries.filter((entry) => entry.isFile() && TYPES[extname(entry.name)] !== undefined).map(({ name }) => name)
  } catch {
    return []
  }
}

function readFile(url: URL, name: string): PageFile {
  const bytes = readFileSync(url)
  return {
    bytes,
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    etag: `"${hash('sha256', bytes, 'base64url').slice(0, 22)}"`,
    isImmutable: /-[A-Za-z0-9_]{10,}\.[a-z]+$/.test(name),
  }
}
