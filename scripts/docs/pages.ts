import { readdirSync, readFileSync } from 'node:fs'
import { cliPage } from './cli-page.ts'
import { configPage } from './config-page.ts'
import { doorPage, indexNames, libraryPage, pathOfDoor } from './doors/door-page.ts'
import { listDoors } from './doors/list-doors.ts'
import { readDoors } from './doors/read-doors.ts'
import { errorsPage } from './errors-page.ts'

/** A page of the documentation: its place in the site, its Markdown, and where that comes from. */
export type Page = { readonly path: string; readonly markdown: string; readonly source: string }

/** What the page of the HTTP interface leaves to pages of its own. */
const HTTP_PARTS = ['messages', 'responses', 'batches', 'clients']

/** Rules that other pages of the site lead to. */
const SPECIFICATIONS = readdirSync('protocol/spec')
  .filter((file) => file.endsWith('.md'))
  .toSorted()

/** Sections of the site and their pages, in the order in which they are read. Pages without a folder of their own are pages of the repository. */
export const SECTIONS: readonly { readonly title: string; readonly pages: readonly string[] }[] = [
  { title: 'Start', pages: ['index.md', 'getting-started.md'] },
  {
    title: 'Concepts',
    pages: ['routing', 'cache', 'verification', 'learning', 'actors', 'market'].map((name) => `concepts/${name}.md`),
  },
  {
    title: 'How to',
    pages: ['clients', 'local-models', 'budgets', 'policies', 'peers', 'tools', 'agents', 'dashboards', 'pages'].map(
      (name) => `how-to/${name}.md`,
    ),
  },
  {
    title: 'Reference',
    pages: ['config', 'cli', 'http', ...HTTP_PARTS.map((name) => `http-${name}`), 'metrics', 'errors'].map(
      (name) => `reference/${name}.md`,
    ),
  },
  { title: 'Protocol', pages: ['protocol/index.md', ...SPECIFICATIONS.map((file) => `protocol/${file}`)] },
  { title: 'Library', pages: ['library/index.md', ...listDoors().map(pathOfDoor)] },
  {
    title: 'Operations',
    pages: ['deploy', 'fleet', 'observability', 'backup', 'upgrade'].map((name) => `operations/${name}.md`),
  },
  { title: 'Project', pages: ['project/security.md', 'project/architecture.md', 'project/changelog.md'] },
]

/** Pages that are kept elsewhere in the repository, and are read there as well. */
const KEPT_ELSEWHERE: Readonly<Record<string, string>> = {
  'reference/http.md': 'protocol/http/README.md',
  ...Object.fromEntries(HTTP_PARTS.map((name) => [`reference/http-${name}.md`, `protocol/http/${name}.md`])),
  'protocol/index.md': 'protocol/README.md',
  ...Object.fromEntries(SPECIFICATIONS.map((file) => [`protocol/${file}`, `protocol/spec/${file}`])),
  'project/security.md': 'SECURITY.md',
  'project/architecture.md': 'ARCHITECTURE.md',
  'project/changelog.md': 'CHANGELOG.md',
}

/**
 * Pages that are made from their sources with each build, and are not kept: they are long, and change with every command, member and
 * code, which tests hold already.
 */
const MADE: Readonly<Record<string, () => string | Promise<string>>> = {
  'reference/config.md': configPage,
  'reference/cli.md': cliPage,
  'reference/errors.md': errorsPage,
  'library/index.md': () => libraryPage(readDoors()),
  ...Object.fromEntries(
    listDoors().map((door, index) => [
      pathOfDoor(door),
      () => {
        const doors = readDoors()
        const read = doors[index]
        if (read === undefined) throw new Error(`${door.specifier} was not read.`)
        return doorPage(read, indexNames(doors))
      },
    ]),
  ),
}

/** Every page of the site. */
export async function readPages(): Promise<readonly Page[]> {
  const pages: Page[] = []
  for (const path of SECTIONS.flatMap((section) => section.pages)) {
    const made = MADE[path]
    const source = KEPT_ELSEWHERE[path] ?? `docs/${path}`
    pages.push(
      made === undefined
        ? { path, source, markdown: readFileSync(source, 'utf8') }
        : { path, source: `docs/${path}`, markdown: await made() },
    )
  }
  return pages
}

/** Where a link of a page leads: to another page, to a file of the repository, or out of it. */
export type LinkTarget =
  | { readonly kind: 'page'; readonly path: string; readonly anchor: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'outside' }

/** Resolves a link as it stands in a page's source. */
export function targetOf(page: Page, href: string, pages: readonly Page[]): LinkTarget {
  if (/^[a-z]+:/i.test(href)) return { kind: 'outside' }
  const [file = '', anchor = ''] = href.split('#')
  if (file === '') return { kind: 'page', path: page.path, anchor }
  const path = new URL(file, `file:///${page.source}`).pathname.slice(1)
  const target = pages.find(({ source }) => source === path)
  return target === undefined ? { kind: 'file', path } : { kind: 'page', path: target.path, anchor }
}
