/** Reads the repository itself: which files belong to it, and what their imports are. */

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

const NOT_OURS = new Set(['node_modules', 'dist', '.git', 'coverage', '.kernell', 'out'])

/** Files that belong to the repository, with `/` separators, sorted: what git tracks or would add; all files where there is no git. */
export function listRepositoryFiles(): readonly string[] {
  if (!existsSync(join(ROOT, '.git'))) return walk(ROOT).sort()
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const files = [...new Set(listed.split('\0'))].filter((file) => file !== '' && existsSync(join(ROOT, file)))
  return files.sort()
}

/** Files below a folder that end in `.ts` or `.tsx`. */
export function listTypeScript(folder: string): readonly string[] {
  return listRepositoryFiles().filter((file) => file.startsWith(`${folder}/`) && /\.tsx?$/.test(file))
}

export function readRepositoryFile(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

export type Door = {
  /** As in package.json: `.`, `./core`, `./wasm/browser`. */
  readonly door: string
  /** Built module, from the root: `dist/src/core/index.js`. */
  readonly module: string
  /** Built module that browsers get instead, where there is one. */
  readonly browserModule: string | undefined
  /** What TypeScript reads: the source of what is compiled, the declarations of what is generated. */
  readonly types: string
  readonly isCompiled: boolean
}

/** Modules that package.json lets others import; files that are no modules (`core.wasm`, `package.json`) are not among them. */
export function listDoors(): readonly Door[] {
  const manifest = JSON.parse(readRepositoryFile('package.json')) as {
    readonly exports: Readonly<
      Record<string, string | { readonly types: string; readonly browser?: string; readonly default: string }>
    >
  }
  return Object.entries(manifest.exports).flatMap(([door, target]): Door[] => {
    if (typeof target === 'string') return []
    const isCompiled = target.types.startsWith('./dist/src/')
    const types = isCompiled
      ? target.types.replace('./dist/', '').replace(/\.d\.ts$/, '.ts')
      : target.types.replace('./', '')
    return [
      {
        door,
        module: target.default.replace('./', ''),
        browserModule: target.browser?.replace('./', ''),
        types,
        isCompiled,
      },
    ]
  })
}

export type Import = {
  /** As written: `'../base/money.ts'`, `'node:fs'`, `'fastify'`. */
  readonly specifier: string
  readonly isTypeOnly: boolean
  /** Path in the repository for relative imports, else `undefined`. */
  readonly file: string | undefined
}

/** `import … from`, `export … from`, `import('…')` and bare `import '…'`, comments removed first. */
export function readImports(file: string): readonly Import[] {
  const source = withoutComments(readRepositoryFile(file))
  const imports: Import[] = []
  const statement = /^\s*(import|export)\s+(type\s+)?([^'"`;]*?\bfrom\s+)?['"]([^'"]+)['"]/gm
  for (const match of source.matchAll(statement)) {
    const [, , typeWord, fromPart, specifier = ''] = match
    if (match[1] === 'export' && fromPart === undefined) continue
    imports.push(toImport(file, specifier, typeWord !== undefined || everyNameIsType(fromPart)))
  }
  for (const match of source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g))
    imports.push(toImport(file, match[1] ?? '', false))
  return imports
}

function everyNameIsType(clause: string | undefined): boolean {
  const names = /\{([^}]*)\}/.exec(clause ?? '')?.[1]
  if (names === undefined || /^\s*\w/.test(clause ?? '')) return false
  const parts = names.split(',').filter((name) => name.trim() !== '')
  return parts.length > 0 && parts.every((name) => name.trim().startsWith('type '))
}

function toImport(file: string, specifier: string, isTypeOnly: boolean): Import {
  const target = specifier.startsWith('.')
    ? relative(ROOT, resolve(ROOT, dirname(file), specifier)).replaceAll('\\', '/')
    : undefined
  return { specifier, isTypeOnly, file: target }
}

/** Good enough for import lists: block comments and whole-line comments go, strings stay. */
export function withoutComments(source: string): string {
  return source.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '')
}

function walk(folder: string): string[] {
  const files: string[] = []
  for (const name of readdirSync(folder)) {
    if (NOT_OURS.has(name)) continue
    const path = join(folder, name)
    if (statSync(path).isDirectory()) files.push(...walk(path))
    else files.push(relative(ROOT, path).replaceAll('\\', '/'))
  }
  return files
}
