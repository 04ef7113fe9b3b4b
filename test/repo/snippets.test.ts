import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listDoors, listRepositoryFiles, listTypeScript, readRepositoryFile, ROOT } from './repository.ts'

type Snippet = { readonly from: string; readonly code: string }

const FOLDER = join(ROOT, '.kernell/snippets')
const PAGES = listRepositoryFiles().filter((file) => file.endsWith('.md'))
const SOURCES = ['src', 'agents'].flatMap(listTypeScript)

const snippets: readonly Snippet[] = [
  ...PAGES.flatMap((page) => snippetsOf(page, readRepositoryFile(page))),
  ...SOURCES.flatMap((file) =>
    snippetsOf(file, readRepositoryFile(file).replace(/^\s*\* ?/gm, '')).map((snippet) =>
      withNamesInScope(snippet, file),
    ),
  ),
]

/** A docstring may use what its file exports and imports without saying so again; pages may not. */
function withNamesInScope(snippet: Snippet, file: string): Snippet {
  const source = readRepositoryFile(file)
  const scope = new Map<string, string>()
  for (const { names, from } of importedNames(source))
    for (const name of names) scope.set(name, join(dirname(file), from))
  for (const match of source.matchAll(
    /^export (?:abstract )?(?:async )?(?:class|const|function|interface|type) (\w+)/gm,
  ))
    scope.set(match[1] ?? '', file)
  const own = new Set(importedNames(snippet.code).flatMap(({ names }) => names))
  const needed = [...scope].filter(([name]) => !own.has(name) && new RegExp(`\\b${name}\\b`).test(snippet.code))
  const imports = needed.map(
    ([name, path]) => `import { ${startsWithCapital(name) ? 'type ' : ''}${name} } from '../../${path}'; `,
  )
  return { from: snippet.from, code: `${imports.join('')}${snippet.code}` }
}

function startsWithCapital(name: string): boolean {
  return /^[A-Z][a-z]/.test(name)
}

/** Names of the import statements that name them in braces; relative modules only are of use in `scope`. */
function importedNames(source: string): readonly { readonly names: readonly string[]; readonly from: string }[] {
  return [...source.matchAll(/^import (?:type )?\{([^}]*)\} from '([^']+)'/gm)].map((match) => ({
    names: (match[1] ?? '')
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== ''),
    from: match[2] ?? '',
  }))
}

function snippetsOf(from: string, text: string): readonly Snippet[] {
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
  return blocks.map((match, index) => ({ from: `${from}#${index + 1}`, code: match[1] ?? '' }))
}

/** Doors by name, mapped to their sources: a snippet is written as a stranger writes it. */
function doorPaths(): Record<string, readonly string[]> {
  return Object.fromEntries(listDoors().map(({ door, types }) => [`kernell-os${door.slice(1)}`, [`../../${types}`]]))
}

beforeAll(() => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  snippets.forEach((snippet, index) =>
    writeFileSync(join(FOLDER, `snippet-${index}.ts`), `${snippet.code}\nexport {}\n`),
  )
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { paths: doorPaths(), isolatedDeclarations: false, declaration: false, noEmit: true },
    include: ['*.ts'],
  }
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config))
})

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }))

describe('TypeScript in pages and docstrings', () => {
  it.each(['README.md', 'src/index.ts', 'agents/index.ts', 'agents/planner/README.md'])('is there in %s', (file) => {
    expect(snippets.some((snippet) => snippet.from.startsWith(`${file}#`))).toBe(true)
  })

  it('compiles', () => {
    const compiler = join(ROOT, 'node_modules/.bin/tsc')
    expect(existsSync(compiler)).toBe(true)
    expect(diagnosticsOf(compiler)).toEqual([])
  }, 60_000)
})

function diagnosticsOf(compiler: string): readonly string[] {
  try {
    execFileSync(compiler, ['-p', FOLDER, '--pretty', 'false'], { cwd: FOLDER, encoding: 'utf8', stdio: 'pipe' })
    return []
  } catch (error) {
    const output =
      typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : String(error)
    return output.split('\n').flatMap(nameSnippet)
  }
}

/** `snippet-3.ts(2,1): error …` told with the page it comes from. */
function nameSnippet(line: string): readonly string[] {
  const match = /snippet-(\d+)\.ts\((\d+),\d+\): (.*)/.exec(line)
  if (match === null) return line.trim() === '' ? [] : [line]
  return [`${snippets[Number(match[1])]?.from ?? ''} line ${match[2]}: ${match[3]}`]
}

it('leaves nothing behind that git would add', () => {
  expect(readFileSync(join(ROOT, '.gitignore'), 'utf8')).toContain('.kernell/')
})
