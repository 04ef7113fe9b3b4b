import { Marked } from 'marked'
import { SECTIONS, targetOf, type Page } from './pages.ts'
import { slugOf } from './slug.ts'

/** A page as HTML, and what is found in it by the search. */
export type RenderedPage = {
  readonly path: string
  readonly html: string
  readonly title: string
  /** Headings with their anchors. */
  readonly headings: readonly (readonly [text: string, anchor: string])[]
  readonly text: string
}

/** Renders one page into the frame of the site. Raw HTML in Markdown comes out as text. */
export function renderPage(page: Page, pages: readonly Page[]): RenderedPage {
  const headings: [string, string][] = []
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading(text: string, level: number, raw: string) {
        const slug = slugOf(plainText(raw))
        headings.push([plainText(raw), slug])
        return `<h${level} id="${escapeHtml(slug)}">${text}</h${level}>\n`
      },
      link(href: string, _title: string | null | undefined, text: string) {
        const address = addressOf(page, href, pages)
        // Only a checkout has the file: its path says what is meant, and leads nowhere.
        if (address === undefined) return `<span title="${escapeHtml(filePathOf(page, href, pages))}">${text}</span>`
        return `<a href="${escapeHtml(address)}">${text}</a>`
      },
      html: htmlOf,
      // What is wider than the window is scrolled by the keys as well, which needs the focus.
      code: (code: string, language: string | undefined) =>
        `<pre tabindex="0"><code class="language-${escapeHtml((language ?? '').split(' ')[0] ?? '')}">${escapeHtml(code)}\n</code></pre>\n`,
      table: (header: string, body: string) =>
        `<div class="wide" tabindex="0"><table><thead>${header}</thead><tbody>${body}</tbody></table></div>\n`,
    },
  })
  const content = marked.parse(page.markdown, { async: false }) as string
  const title = headings[0]?.[0] ?? page.path
  return {
    path: page.path,
    html: frame({ page, title, content, pages }),
    title,
    headings,
    text: searchText(content),
  }
}

/** Comments are left out, and a place that links name stays one; all else is text. */
function htmlOf(raw: string): string {
  if (/^\s*<!--[\s\S]*-->\s*$/.test(raw) || raw === '</a>') return ''
  const [, name] = /^<a id="([a-z0-9-]+)">$/.exec(raw) ?? []
  return name === undefined ? escapeHtml(raw) : `<span id="${name}"></span>`
}

/** Where a link leads to from the site; `undefined` for a file of the repository that is no page. */
function addressOf(page: Page, href: string, pages: readonly Page[]): string | undefined {
  const target = targetOf(page, href, pages)
  switch (target.kind) {
    case 'outside':
      return /^(?:https?|mailto):/i.test(href) ? href : '#'
    case 'page':
      return `${rootOf(page)}${target.path.replace(/\.md$/, '.html')}${target.anchor === '' ? '' : `#${target.anchor}`}`
    case 'file':
      return undefined
  }
}

function filePathOf(page: Page, href: string, pages: readonly Page[]): string {
  const target = targetOf(page, href, pages)
  return target.kind === 'file' ? target.path : href
}

function rootOf({ path }: Page): string {
  return '../'.repeat(path.split('/').length - 1)
}

type Framed = { readonly page: Page; readonly title: string; readonly content: string; readonly pages: readonly Page[] }

function frame({ page, title, content, pages }: Framed): string {
  const root = rootOf(page)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} - kernell-os</title>
<link rel="stylesheet" href="${root}site.css">
</head>
<body data-root="${root}">
<a class="skip" href="#content">Skip to the content</a>
<header>
<a href="${root}index.html">kernell-os</a>
<form role="search"><label for="query">Search</label> <input id="query" type="search" autocomplete="off"></form>
</header>
<div class="columns">
<nav aria-label="Pages">${navigation(page, pages)}</nav>
<main id="content"><ol id="results" aria-live="polite" hidden></ol>
${content}</main>
</div>
<script src="${root}search-index.js"></script>
<script src="${root}site.js"></script>
</body>
</html>
`
}

function navigation(current: Page, pages: readonly Page[]): string {
  const titles = new Map(pages.map(({ path, markdown }) => [path, plainText(/^# (.+)$/m.exec(markdown)?.[1] ?? path)]))
  const root = rootOf(current)
  return SECTIONS.map(({ title, pages: paths }) => {
    const items = paths.map((path) => {
      const mark = path === current.path ? ' aria-current="page"' : ''
      return `<li><a href="${root}${path.replace(/\.md$/, '.html')}"${mark}>${escapeHtml(titles.get(path) ?? path)}</a></li>`
    })
    return `<h2>${escapeHtml(title)}</h2><ul>${items.join('')}</ul>`
  }).join('')
}

/** Words of prose, headings and cells; samples of code are left out, since everything is in them. */
function searchText(content: string): string {
  const prose = content.replaceAll(/<pre[ >][\s\S]*?<\/pre>/g, ' ').replaceAll(/<[^>]*>/g, ' ')
  return plainText(prose).replaceAll('&gt;', '>').replaceAll(/\s+/g, ' ').trim()
}

function plainText(markdown: string): string {
  return markdown
    .replaceAll(/[`*]/g, '')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
