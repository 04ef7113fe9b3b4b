import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { doorPage, indexNames, libraryPage } from '../../scripts/docs/doors/door-page.ts'
import { docstringOf, firstSentenceOf } from '../../scripts/docs/doors/docstring.ts'
import { readDoors, type ReadDoor } from '../../scripts/docs/doors/read-doors.ts'
import { signaturesOf } from '../../scripts/docs/doors/signatures.ts'
import { listDoors, readRepositoryFile, ROOT } from './repository.ts'

const FOLDER = 'test/repo/doors'
/** Exported names that had no docstring when this was first asked: none may be added. */
const WITHOUT = readRepositoryFile('test/repo/undocumented-exports.txt').split('\n')

const byText = (left = '', right = ''): number => left.localeCompare(right)

let doors: readonly ReadDoor[] = []

beforeAll(() => {
  doors = readDoors()
}, 120_000)

const keptOf = ({ slug }: ReadDoor): string => {
  const file = `${FOLDER}/${slug}.api.md`
  return existsSync(join(ROOT, file)) ? readRepositoryFile(file) : ''
}

/** The lines that two texts do not share, those that went and those that came, with a few around. */
function differenceOf(kept: string, now: string): readonly string[] {
  const before = new Set(kept.split('\n'))
  const after = new Set(now.split('\n'))
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ]
}

describe('the doors of the package', () => {
  it('are all read, those that are modules', () => {
    expect(doors.map(({ types }) => types)).toEqual(
      listDoors().map(({ types, isCompiled }) => (isCompiled ? `dist/${types.replace(/\.ts$/, '.d.ts')}` : types)),
    )
  })

  it('export what they are known to export', () => {
    const changed = doors
      .filter((door) => keptOf(door) !== door.report)
      .map((door) => ({ door: door.specifier, lines: differenceOf(keptOf(door), door.report).slice(0, 40) }))
    expect(
      changed,
      'Signatures of the package have changed. If that is meant, `node scripts/door-reports.ts` keeps them, and CHANGELOG.md says what users have to do.',
    ).toEqual([])
  })

  it('are kept in one file each, and nothing is kept of doors that are gone', () => {
    expect(readdirSync(join(ROOT, FOLDER)).sort()).toEqual(doors.map(({ slug }) => `${slug}.api.md`).sort())
  })

  it('say what each name is that they export', () => {
    const without = doors
      .filter(({ isTranslated }) => !isTranslated)
      .flatMap((door) =>
        door.items.filter((item) => docstringOf(item.docComment) === '').map(({ name }) => `${door.specifier} ${name}`),
      )
    expect(
      without.filter((name) => !WITHOUT.includes(name)),
      'These exports have no docstring: write what they are, with shapes, units, ranges and error codes.',
    ).toEqual([])
    expect(
      WITHOUT.filter((name) => name !== '' && !without.includes(name)),
      'These have a docstring now: remove them from test/repo/undocumented-exports.txt.',
    ).toEqual([])
  })
})

describe('pages of the library', () => {
  it('name every export of a door once, with its signature', () => {
    const names = indexNames(doors)
    for (const door of doors) {
      const page = doorPage(door, names)
      const headings = [...page.matchAll(/^### (\S+)/gm)].map(([, name]) => name)
      expect(headings.toSorted(byText)).toEqual(door.items.map(({ name }) => name).toSorted(byText))
    }
    const router = doors.find(({ slug }) => slug === 'router')
    const page = router === undefined ? '' : doorPage(router, names)
    expect(page).toContain('```ts\nfunction createRouter(components: RouterComponents, init: RouterInit): Router;\n```')
    expect(page).toContain('[`RouterComponents`](#routercomponents)')
    expect(page).toContain('[`RouteResult`](kernell-os.md#routeresult)')
    expect(libraryPage(doors)).toContain('[`kernell-os/router`](router.md)')
  })

  it('have one anchor for each name, also where names differ in case alone', () => {
    const item = { kind: 'TypeAlias', name: 'Amount', excerptTokens: [] } as const
    const door = {
      specifier: 'p/x',
      slug: 'x',
      types: 'x.d.ts',
      isTranslated: false,
      introduction: 'X.',
      report: '',
      items: [item, { ...item, kind: 'Function', name: 'amount' }] as const,
    }
    const page = doorPage(door, indexNames([door]))
    expect(page).toContain('[`Amount`](#amount-typealias)')
    expect(page).toContain('### amount (function)')
  })
})

describe('docstrings', () => {
  it('become prose and a list of what their tags say', () => {
    const comment =
      '/**\n * Adds two\n * amounts. Exact.\n *\n * @param left - The first,\n * in nanos.\n *\n * @throws\n *\n * RangeError when it is too large.\n */\n'
    expect(docstringOf(comment)).toBe(
      'Adds two\namounts. Exact.\n\n- `left`: The first, in nanos.\n- Throws RangeError when it is too large.',
    )
    expect(firstSentenceOf(docstringOf(comment))).toBe('Adds two amounts.')
    expect(docstringOf(undefined)).toBe('')
    expect(docstringOf('/**\n */\n')).toBe('')
  })
})

describe('reports of signatures', () => {
  it('are without the sentences of tables, and keep what compiles', () => {
    const report = [
      '## x',
      '```ts',
      '// @public',
      'export const CODES: {',
      "    readonly A: { readonly cause: 'not this'; };",
      "    readonly remedy: 'Say it again, and don\\'t stop.';",
      '    readonly other: "It isn\'t so.";',
      "    readonly kind: 'transient';",
      '};',
      '',
      '// (No @packageDocumentation comment for this package)',
      '',
      '```',
    ].join('\n')
    const signatures = signaturesOf(report, 'p/x')
    expect(signatures).toContain("    readonly remedy: '…';\n    readonly other: '…';\n    readonly kind: 'transient';")
    expect(signatures).not.toContain('packageDocumentation')
  })
})
