import { builtinModules } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listDoors, listRepositoryFiles, readRepositoryFile, withoutComments } from './repository.ts'

/** Benches that measure the package as its users get it. */
const MEASURED = /^test\/bench\/(?:actors|learning|threads)\/.*\.(?:ts|mjs|js)$/

const FILES = listRepositoryFiles().filter((file) => MEASURED.test(file))

const SPECIFIER = /\b(?:from|import|require)\s*\(?\s*['"`]([^'"`]+)['"`]/g
/** Any string that could lead past the doors: into the sources, what is built of them, or a package by its folder. */
const INSIDE = /['"`][^'"`\n]*\b(?:src|dist|node_modules)\/[^'"`\n]*['"`]/g

type Manifest = Readonly<Record<'name' | 'version', string>> &
  Readonly<Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>>

const manifest = JSON.parse(readRepositoryFile('package.json')) as Manifest
const packages = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)])
const doors = new Set(listDoors().map(({ door }) => posix.join(manifest.name, door)))

/** What a file imports that a stranger could not: internal files of this package, or packages past their front door. */
function importsPastDoors(file: string, source: string): readonly string[] {
  const code = withoutComments(source)
  const specifiers = [...code.matchAll(SPECIFIER)].map((match) => match[1] ?? '')
  const inside = [...code.matchAll(INSIDE)].map(([text]) => text.slice(1, -1))
  return [...new Set([...specifiers.filter((specifier) => !isOpen(file, specifier)), ...inside])]
}

function isOpen(file: string, specifier: string): boolean {
  if (specifier.startsWith('node:')) return builtinModules.includes(specifier.slice('node:'.length))
  if (specifier.startsWith('.')) return join(dirname(file), specifier).startsWith(join('test', 'bench', '/'))
  if (specifier === manifest.name || specifier.startsWith(`${manifest.name}/`)) return doors.has(specifier)
  return packages.has(specifier)
}

describe('the benches of actors, learning and threads', () => {
  it('are there', () => {
    expect(FILES).toContain('test/bench/actors/actors.ts')
    expect(FILES).toContain('test/bench/learning/training.ts')
  })

  it('import what a user of the package can import, Node, and each other', () => {
    const past = FILES.flatMap((file) =>
      importsPastDoors(file, readRepositoryFile(file)).map((specifier) => `${file}: ${specifier}`),
    )
    expect(past).toEqual([])
  })

  it.each([
    ["import { Cell } from '../../../src/actors/cell/cell.ts'", '../../../src/actors/cell/cell.ts'],
    [
      "import type { Cell } from '../../../../dist/src/actors/cell/cell.js'",
      '../../../../dist/src/actors/cell/cell.js',
    ],
    ["import '../../fixtures/upstream-server.ts'", '../../fixtures/upstream-server.ts'],
    ["const cell = await import('kernell-os/actors/cell')", 'kernell-os/actors/cell'],
    ["export { x } from 'xstate/dist/raise.js'", 'xstate/dist/raise.js'],
    ["const path = new URL('../../../src/actors/index.ts', import.meta.url)", '../../../src/actors/index.ts'],
    [
      "createRequire(import.meta.url)('../../../node_modules/nact/lib/actor.js')",
      '../../../node_modules/nact/lib/actor.js',
    ],
    ["require('left-pad')", 'left-pad'],
  ])('may not contain %s', (source, specifier) => {
    expect(importsPastDoors('test/bench/actors/planted.ts', source)).toEqual([specifier])
  })

  it.each([
    "import { createActorSystem } from 'kernell-os/actors'",
    "import { createActor } from 'xstate'",
    "import { tmpdir } from 'node:os'",
    "import { median } from '../bench.ts'",
    "// import { Cell } from '../../../src/actors/cell/cell.ts'",
  ])('may contain %s', (source) => {
    expect(importsPastDoors('test/bench/actors/planted.ts', source)).toEqual([])
  })
})
