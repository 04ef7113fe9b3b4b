import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BROWSER_SAFE } from './browser-doors.ts'
import { listDoors, ROOT } from './repository.ts'

const BUILTINS = new Set(builtinModules)

type Reached = { readonly file: string; readonly via: readonly string[] }

/** Node builtins that the built file reaches, each with the chain of files that leads to it. */
function builtinsReachedFrom(door: string): readonly string[] {
  const found: string[] = []
  const seen = new Set<string>()
  const queue: Reached[] = [{ file: door, via: [] }]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next.file)) continue
    seen.add(next.file)
    const via = [...next.via, relative(ROOT, next.file)]
    for (const specifier of importsOf(next.file)) {
      if (isLeftOut(next.file, specifier)) continue
      if (specifier.startsWith('node:') || BUILTINS.has(specifier)) found.push(`${specifier} <- ${via.join(' <- ')}`)
      else queue.push({ file: resolveImport(next.file, specifier), via })
    }
  }
  return found
}

/** What a package says is left out for browsers: `"browser": { "crypto": false }` in its manifest. */
function isLeftOut(file: string, specifier: string): boolean {
  const folder = packageFolderOf(file)
  if (folder === undefined) return false
  const { browser } = manifestOf(folder)
  return typeof browser === 'object' && browser !== null && (browser as Record<string, unknown>)[specifier] === false
}

/** Static and literal dynamic imports of built JavaScript, one to a line or minified. */
function importsOf(file: string): readonly string[] {
  const source = readFileSync(file, 'utf8')
    .replace(/^\s*\/\*[\s\S]*?\*\//gm, '')
    .replace(/^\s*\/\/.*$/gm, '')
  const fromStatements = [
    ...source.matchAll(/(?:^|[;}])\s*(?:import|export)\b[^'"`;=(]*\bfrom\s*['"]([^'"]+)['"]/gm),
    ...source.matchAll(/(?:^|[;}])\s*import\s*['"]([^'"]+)['"]/gm),
  ]
  const dynamic = [
    ...source.matchAll(/\bimport\(\s*['"`]([^'"`]+)['"`]/g),
    ...source.matchAll(/\brequire\(\s*['"`]([^'"`]+)['"`]/g),
  ]
  return [...fromStatements, ...dynamic].flatMap((match) => (match[1] === undefined ? [] : [match[1]]))
}

type Manifest = {
  readonly exports?: unknown
  readonly imports?: Readonly<Record<string, unknown>>
  readonly browser?: unknown
  readonly module?: string
  readonly main?: string
}

function resolveImport(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return withBrowserFile(existingFile(resolve(dirname(from), specifier)))
  if (specifier.startsWith('#')) {
    const folder = packageFolderOf(from) ?? ROOT
    return join(folder, pickBrowserTarget(manifestOf(folder).imports?.[specifier]) ?? specifier)
  }
  const parts = specifier.split('/')
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
  const folder = installedFolderOf(from, name)
  const manifest = manifestOf(folder)
  const subpath = `.${specifier.slice(name.length)}`
  const exported = (manifest.exports ?? {}) as Record<string, unknown>
  const target =
    pickBrowserTarget(exported[subpath] ?? (subpath === '.' ? manifest.exports : undefined)) ??
    patternTarget(exported, subpath) ??
    (subpath === '.' ? (manifest.module ?? manifest.main ?? 'index.js') : subpath)
  return withBrowserFile(existingFile(join(folder, target)))
}

/** `"./*": { "import": "./dist/*.js" }`. */
function patternTarget(exported: Readonly<Record<string, unknown>>, subpath: string): string | undefined {
  for (const [pattern, target] of Object.entries(exported)) {
    const [before = '', after = ''] = pattern.split('*')
    if (!pattern.includes('*') || !subpath.startsWith(before) || !subpath.endsWith(after)) continue
    const part = subpath.slice(before.length, subpath.length - after.length)
    return pickBrowserTarget(target)?.replace('*', part)
  }
  return undefined
}

/** Where Node would find a package that a file names: the nearest `node_modules` that has it. */
function installedFolderOf(from: string, name: string): string {
  for (let folder = dirname(from); folder.length > 1; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
  }
  return join(ROOT, 'node_modules', name)
}

function existingFile(path: string): string {
  return existsSync(path) ? path : `${path}.js`
}

/** The file that a package names for browsers in place of one of its own: `"browser": { "./a.js": "./a.browser.js" }`. */
function withBrowserFile(file: string): string {
  const folder = packageFolderOf(file)
  const browser = folder === undefined ? undefined : manifestOf(folder).browser
  if (folder === undefined || typeof browser !== 'object' || browser === null) return file
  const instead = (browser as Record<string, unknown>)[`./${relative(folder, file)}`]
  return typeof instead === 'string' ? join(folder, instead) : file
}

function packageFolderOf(file: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

function pickBrowserTarget(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (typeof target !== 'object' || target === null) return undefined
  for (const [condition, value] of Object.entries(target)) {
    const picked = ['browser', 'import', 'default'].includes(condition) ? pickBrowserTarget(value) : undefined
    if (picked !== undefined) return picked
  }
  return undefined
}

describe.each(BROWSER_SAFE)('the door kernell-os/%s', (door) => {
  it('reaches no builtin of Node', () => {
    const row = listDoors().find((each) => each.door === `./${door}`)
    const file = join(ROOT, row?.browserModule ?? row?.module ?? door)
    expect(existsSync(file), `${relative(ROOT, file)} is built by npm run build`).toBe(true)
    expect(builtinsReachedFrom(file)).toEqual([])
  })
})

describe('the walk', () => {
  it('finds a builtin where there is one, so that silence means something', () => {
    expect(
      builtinsReachedFrom(join(ROOT, 'dist/src/node/package-version.js')).some((line) => line.startsWith('node:')),
    ).toBe(true)
  })
})
