import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PlantedBug, plantInto } from './planted-bug.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** A copy of the sources that may be broken: Node runs TypeScript as it is, so that a copy needs no build. */
export class BrokenCopy {
  readonly root: string

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), 'kernell-planted-'))
    cpSync(join(ROOT, 'src'), join(this.root, 'src'), { recursive: true })
    for (const name of ['package.json', 'node_modules']) symlinkSync(join(ROOT, name), join(this.root, name))
  }

  /** @returns Takes the mistake out again. */
  plant(bug: PlantedBug): () => void {
    const path = join(this.root, bug.file)
    const sound = readFileSync(path, 'utf8')
    writeFileSync(path, plantInto(sound, bug))
    return () => writeFileSync(path, sound)
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** The text of a file as it is now. */
export function sourceOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}
