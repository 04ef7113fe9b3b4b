import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listRepositoryFiles, readRepositoryFile, ROOT } from './repository.ts'
import { isTableOrTest, leavesWorkOpen, skipsForGood, wronglySilenced } from './text-rules.ts'

const FILES = listRepositoryFiles()
const LINES_MAX = 500
/** Tables and tests read differently from logic. */
const TABLE_LINES_MAX = 800
const BLOB_BYTES_MAX = 256 * 1024

const TEXT_KINDS = [
  'ts',
  'tsx',
  'mjs',
  'json',
  'jsonc',
  'jsonl',
  'md',
  'wit',
  'c',
  'h',
  'erl',
  'py',
  'service',
  'sh',
  'yml',
  'yaml',
  'txt',
  'svg',
  'html',
  'css',
]
const NAMED_FILES = [
  '.gitignore',
  'LICENSE',
  '.ci/run',
  '.npmrc',
  '.editorconfig',
  '.gitattributes',
  '.nvmrc',
  '.node-version',
  '.dockerignore',
  'deploy/Containerfile',
]
/** Kinds that are stored as they came: small binary fixtures. */
const BINARY_KINDS = ['wasm', 'bin', 'gguf']

const SOURCE = /^(src|test|scripts|agents|examples|core-wasm)\/.*\.(tsx?|mjs)$/

const sources = FILES.filter((file) => SOURCE.test(file))
/** The rules name what they look for. */
const outsideTheRules = sources.filter((file) => !file.startsWith('test/repo/'))
const texts = FILES.filter((file) => TEXT_KINDS.includes(kindOf(file)) || NAMED_FILES.includes(file))

function kindOf(file: string): string {
  return /\.([a-z0-9]+)$/.exec(basename(file))?.[1] ?? ''
}

function linesMatching(files: readonly string[], pattern: RegExp): readonly string[] {
  return linesWhere(files, (line) => pattern.test(line))
}

function linesWhere(files: readonly string[], isMeant: (line: string) => boolean): readonly string[] {
  return files.flatMap((file) => {
    const lines = readRepositoryFile(file).split('\n')
    return lines.flatMap((line, index) => (isMeant(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : []))
  })
}

describe('files', () => {
  it('hold one idea: at most 500 lines, tables and tests at most 800', () => {
    const long = sources.flatMap((file) => {
      const lines = readRepositoryFile(file).split('\n').length - 1
      return lines > (isTableOrTest(file) ? TABLE_LINES_MAX : LINES_MAX) ? [`${file}: ${lines}`] : []
    })
    expect(long).toEqual([])
  })

  it('are named after what they do', () => {
    const banned = /(^|\/)(utils?|helpers?|common|misc|shared|lib)(\/|\.|-utils|$)/
    expect(FILES.filter((file) => banned.test(file))).toEqual([])
  })

  it('have kebab-case names in src, test and scripts', () => {
    const named = FILES.filter(
      (file) => /^(src|test|scripts|agents|examples)\//.test(file) && !file.endsWith('README.md'),
    )
    const odd = named.filter((file) => !file.split('/').every((part) => /^[a-z0-9]+([.-][a-z0-9]+)*$/.test(part)))
    expect(odd).toEqual([])
  })

  it('are of kinds that somebody reads', () => {
    const unknown = FILES.filter(
      (file) =>
        !TEXT_KINDS.includes(kindOf(file)) && !BINARY_KINDS.includes(kindOf(file)) && !NAMED_FILES.includes(file),
    )
    expect(unknown).toEqual([])
  })

  it('are small: nothing above 256 KiB but the lock file', () => {
    const large = FILES.filter(
      (file) => file !== 'package-lock.json' && statSync(join(ROOT, file)).size > BLOB_BYTES_MAX,
    )
    expect(large).toEqual([])
  })

  it('end with a line end and have none of carriage returns, tabs for indentation and trailing blanks', () => {
    const untidy = texts.filter((file) => {
      const text = readRepositoryFile(file)
      return (
        text !== '' && (!text.endsWith('\n') || text.includes('\r') || (SOURCE.test(file) && /[ \t]+$|^\t/m.test(text)))
      )
    })
    expect(untidy).toEqual([])
  })
})

describe('comments', () => {
  it('say under which condition a TODO is done', () => {
    expect(linesWhere(outsideTheRules, leavesWorkOpen)).toEqual([])
  })

  it('never silence the compiler', () => {
    const marks = ['@ts-', 'ignore', 'nocheck'] as const
    const pattern = new RegExp(`${marks[0]}(${marks[1]}|${marks[2]})`)
    expect(linesMatching(sources, pattern)).toEqual([])
  })

  it('silence the linter for few rules, and say why', () => {
    expect(linesWhere(outsideTheRules, (line) => wronglySilenced(line).length > 0)).toEqual([])
  })
})

describe('tests', () => {
  it('are neither skipped for good nor focused', () => {
    const tests = FILES.filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/repo/'))
    expect(linesWhere(tests, skipsForGood)).toEqual([])
  })
})

describe('source that Node runs as it is', () => {
  it('has no `using` declarations, which Node 22 does not parse', () => {
    const executed = sources.filter((file) => !file.endsWith('.test.ts'))
    expect(linesMatching(executed, /^\s*(?:await\s+)?using\s+\w+\s*=/)).toEqual([])
  })
})

describe('the text of the repository', () => {
  it('names no machine that it was written on', () => {
    const places = [
      ['/wo', 'rk/'],
      ['/ro', 'ot/'],
      ['/ho', 'me/[a-z]'],
      ['bash_', 'jobs'],
      ['C:\\\\Us', 'ers'],
    ].map((parts) => parts.join(''))
    expect(linesMatching(texts, new RegExp(places.join('|')))).toEqual([])
  })

  it('names no package registry, the lock file included', () => {
    const hosts = [
      ['//[a-z0-9.-]*(regis', 'try|npm', 'js|artifac', 'tory|nex', 'us)'],
      ['"reso', 'lved":\\s*"http'],
    ].map((parts) => parts.join(''))
    expect(linesMatching(texts, new RegExp(hosts.join('|'))).slice(0, 10)).toEqual([])
  })
})
