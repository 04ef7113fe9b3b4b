import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

const folders: string[] = []

/** A folder of files of lines for one test; `removeDataFolders` takes all of them away. */
export class DataFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'kernell-data-'))

  constructor() {
    folders.push(this.path)
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** Rows as JSON, texts as they are. */
  write(name: string, rows: readonly unknown[]): string {
    const text = rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('')
    writeFileSync(this.file(name), name.endsWith('.gz') ? gzipSync(text) : text)
    return this.file(name)
  }

  text(name: string): string {
    const bytes = readFileSync(this.file(name))
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  }

  rows(name: string): readonly Readonly<Record<string, unknown>>[] {
    return this.text(name)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  }

  names(): readonly string[] {
    return readdirSync(this.path).toSorted()
  }
}

export function removeDataFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
