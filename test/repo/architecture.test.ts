import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LAYERS } from '../../scripts/layers.ts'
import { readRepositoryFile, ROOT } from './repository.ts'

const page = readRepositoryFile('ARCHITECTURE.md')
/** Paths in backticks that start with a folder of the repository. */
const named = [...page.matchAll(/`((?:src|test|scripts|core-wasm|protocol|agents)\/[^`\s]*)`/g)].map(
  (match) => match[1] ?? '',
)

function foldersOf(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder)).filter((name) => statSync(join(ROOT, folder, name)).isDirectory())
}

describe('ARCHITECTURE.md', () => {
  it.each(foldersOf('src').map((folder) => `src/${folder}/`))('has a line for %s', (folder) => {
    expect(named).toContain(folder)
  })

  it.each(foldersOf('src/core').map((folder) => `src/core/${folder}/`))('has a line for %s', (folder) => {
    expect(named).toContain(folder)
  })

  it('names nothing that is not there', () => {
    const concrete = named.filter((path) => !/[*<>{}]/.test(path))
    expect(concrete.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('shows the layers that are checked', () => {
    const rows = [...page.matchAll(/^\s*(\d)\s{2}([a-z ]+?)\s{2,}/gm)].map((match) => `${match[1]} ${match[2]}`)
    const layers = [...new Set(LAYERS.map((layer) => layer.layer))].sort((left, right) => right - left)
    const expected = layers.map(
      (layer) =>
        `${layer} ${LAYERS.filter((row) => row.layer === layer)
          .map((row) => row.folder)
          .join(' ')}`,
    )
    expect(rows).toEqual(expected)
  })
})
