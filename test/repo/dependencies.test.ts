import { describe, expect, it } from 'vitest'
import { listTypeScript, readImports, readRepositoryFile } from './repository.ts'

type Manifest = {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readRepositoryFile('package.json')) as Manifest
const needed = Object.keys(manifest.dependencies)
const optional = Object.keys(manifest.peerDependencies)

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function importedBy(files: readonly string[]): ReadonlySet<string> {
  return new Set(
    files.flatMap((file) =>
      readImports(file).flatMap(({ specifier, file: target }) =>
        target === undefined && !specifier.startsWith('node:') ? [packageOf(specifier)] : [],
      ),
    ),
  )
}

const isOfPage = (file: string): boolean => file.startsWith('src/dashboard/')
const imported = importedBy(listTypeScript('src').filter((file) => !isOfPage(file)))

describe('dependencies', () => {
  it('are imported somewhere in src', () => {
    expect(needed.filter((name) => !imported.has(name))).toEqual([])
  })

  it('are declared where src imports them; the command line also takes the agents through the door of this package', () => {
    expect([...imported].filter((name) => !needed.includes(name) && !optional.includes(name))).toEqual(['kernell-os'])
  })

  it('of the page are in its bundle: nobody who installs the package gets them, and their terms come with it', () => {
    const bundled = [...importedBy(listTypeScript('src').filter(isOfPage))]
    expect(bundled.toSorted()).toEqual(['@preact/signals', 'preact'])
    expect(bundled.filter((name) => manifest.devDependencies[name] === undefined)).toEqual([])
    const build = readRepositoryFile('scripts/build-dashboard.mjs')
    expect(bundled.filter((name) => !build.includes(`'${name}'`))).toEqual([])
  })

  it('have exact versions, so that what was tested is what is installed', () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, version]) => !/^\d+(\.\d+){0,2}$/.test(version),
    )
    expect(loose).toEqual([])
  })

  it('have a reason in the README, in its order, and no others do', () => {
    const section = /## Dependencies\n([\s\S]*?)\n## /.exec(readRepositoryFile('README.md'))?.[1] ?? ''
    const rows = section.split('\n').filter((line) => line.startsWith('| `'))
    const listed = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
    )
    expect(listed.toSorted()).toEqual([...needed, ...optional].toSorted())
  })

  it('that are optional are marked so', () => {
    expect(optional.filter((name) => manifest.peerDependenciesMeta[name]?.optional !== true)).toEqual([])
  })
})
