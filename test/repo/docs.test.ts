import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPages, SECTIONS, targetOf, type Page } from '../../scripts/docs/pages.ts'
import { slugOf } from '../../scripts/docs/slug.ts'
import { renderPage } from '../../scripts/docs/render-page.ts'
import { writeSite } from '../../scripts/docs/site.ts'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { COMMON_FLAGS, parseFlags } from '../../src/cli/flags.ts'
import { checkConfigDocument } from '../../src/node/config/check-config-document.ts'
import { parseConfigText } from '../../src/node/config/parse-config-text.ts'
import { listRepositoryFiles, readRepositoryFile, ROOT } from './repository.ts'

let pages: readonly Page[] = []
const folder = mkdtempSync(join(tmpdir(), 'kernell-docs-'))

beforeAll(async () => {
  pages = await readPages()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Prose without its samples of code. */
const proseOf = (markdown: string): string =>
  markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '')

const anchorsOf = ({ markdown }: Page): ReadonlySet<string> =>
  new Set([
    ...[...markdown.matchAll(/<a id="([a-z0-9-]+)"><\/a>/g)].map(([, name = '']) => name),
    ...[...markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
      slugOf(heading.replaceAll(/[`*]/g, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')),
    ),
  ])

describe('pages of the documentation', () => {
  it('are all in a section of the site', () => {
    const listed = new Set(SECTIONS.flatMap((section) => section.pages).map((path) => `docs/${path}`))
    const written = listRepositoryFiles().filter((file) => /^docs\/.*\.md$/.test(file))
    expect(written.filter((file) => !listed.has(file))).toEqual([])
  })

  it('link to pages, headings and files that there are', () => {
    const broken = pages.flatMap((page) =>
      [...proseOf(page.markdown).matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap(([, href = '']) => {
        const target = targetOf(page, href, pages)
        if (target.kind === 'outside') return []
        if (target.kind === 'file') return existsSync(join(ROOT, target.path)) ? [] : [`${page.source}: ${href}`]
        const found = pages.find(({ path }) => path === target.path)
        const isThere = target.anchor === '' || (found !== undefined && anchorsOf(found).has(target.anchor))
        return isThere ? [] : [`${page.source}: ${href}`]
      }),
    )
    expect(broken).toEqual([])
  })

  it('show configurations that a node takes', () => {
    const samples = pages.flatMap(({ source, markdown }) =>
      [...markdown.matchAll(/^```jsonc config\n([\s\S]*?)^```$/gm)].map(([, text = '']) => ({ source, text })),
    )
    expect(samples.length).toBeGreaterThan(7)
    for (const { source, text } of samples)
      expect(() =>
        checkConfigDocument(parseConfigText(text, source), { name: source, lineOf: () => undefined }),
      ).not.toThrow()
  })

  it('show JSON that parses', () => {
    for (const { markdown } of pages)
      for (const [, text = ''] of markdown.matchAll(/^```json\n([\s\S]*?)^```$/gm))
        expect(() => JSON.parse(text) as unknown).not.toThrow()
  })

  it('show commands and flags that there are', async () => {
    const lines = pages
      .filter(({ source }) => source.startsWith('docs/'))
      .flatMap(({ source, markdown }) =>
        [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) =>
          text.split('\n').map((line) => ({ source, line })),
        ),
      )
    const commands = lines.flatMap(({ source, line }) => {
      const [, words] = /^(?:[A-Z_]+=\S+ )*(?:npx )?kernell (.+)$/.exec(line) ?? []
      return words === undefined ? [] : [{ source, words: wordsOf(words) }]
    })
    expect(commands.length).toBeGreaterThan(25)
    const wrong: string[] = []
    for (const { source, words } of commands) {
      const problem = await problemOf(words)
      if (problem !== undefined) wrong.push(`${source}: kernell ${words.join(' ')}: ${problem}`)
    }
    expect(wrong).toEqual([])
  })
})

function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

async function problemOf(words: readonly string[]): Promise<string | undefined> {
  for (let count = 3; count > 0; count -= 1) {
    const entry = COMMANDS.find(({ name }) => name === words.slice(0, count).join(' '))
    if (entry === undefined) continue
    const { flags } = await entry.load()
    try {
      parseFlags(words.slice(count), { ...flags, ...COMMON_FLAGS })
      return undefined
    } catch (error: unknown) {
      return String(error)
    }
  }
  return 'there is no such command'
}

describe('the site', () => {
  it('has a file for each page, leads from each to all, and needs nothing from elsewhere', async () => {
    const count = await writeSite(folder)
    expect(count).toBe(pages.length)
    const html = readFileSync(join(folder, 'how-to/clients.html'), 'utf8')
    for (const { path } of pages) expect(html).toContain(`href="../${path.replace(/\.md$/, '.html')}"`)
    expect(html.match(/(?:src|href)="(?:https?:)?\/\//g) ?? []).toEqual([])
    expect(html).toContain(`content="default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'"`)
    const [, index = ''] =
      /^globalThis\.KERNELL_SEARCH = (.*)\n$/s.exec(readFileSync(join(folder, 'search-index.js'), 'utf8')) ?? []
    expect((JSON.parse(index) as readonly unknown[]).length).toBe(count)
  })

  it('has no link to what is not in it', () => {
    const sites = new Map(pages.map((page) => [page.path.replace(/\.md$/, '.html'), renderPage(page, pages).html]))
    const dead = [...sites].flatMap(([path, html]) =>
      [...html.matchAll(/<a href="([^"]*)"/g)].flatMap(([, href = '']) => {
        if (/^[a-z]+:/i.test(href)) return []
        const { pathname, hash } = new URL(href, `file:///${path}`)
        const target = sites.get(pathname.slice(1))
        const isThere = target !== undefined && (hash === '' || target.includes(`id="${hash.slice(1)}"`))
        return isThere ? [] : [`${path}: ${href}`]
      }),
    )
    expect(dead).toEqual([])
    expect(sites.get('reference/http.html')).toContain('<span title="protocol/http/error.schema.json">')
  })

  it('finds words of prose alone, and not those of samples', () => {
    const page: Page = {
      path: 'index.md',
      source: 'docs/index.md',
      markdown: '# Title\n\nprose\n\n```sh\nsample\n```\n',
    }
    const { text } = renderPage(page, [page])
    expect(text).toContain('prose')
    expect(text).not.toContain('sample')
  })

  it('shows markup in a page as text, and follows no script', () => {
    const page: Page = {
      path: 'index.md',
      source: 'docs/index.md',
      markdown:
        '# A <b>title</b>\n\n<script>alert(1)</script>\n\n[go](javascript:alert(1)) <img src=x onerror=alert(1)>\n',
    }
    const { html } = renderPage(page, [page])
    expect(html).not.toContain('<script>alert')
    expect(html).not.toContain('<img src=x')
    expect(html).not.toContain('javascript:')
  })
})

it('the page of the configuration names every member of the schema', async () => {
  const schema = JSON.parse(readRepositoryFile('protocol/config.schema.json')) as { readonly properties: object }
  const page = (await readPages()).find(({ path }) => path === 'reference/config.md')
  for (const name of Object.keys(schema.properties).filter((member) => member !== '$schema'))
    expect(page?.markdown).toContain(`\n## ${name}\n`)
})
