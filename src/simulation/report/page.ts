import { sha256 } from '../../base/sha256.ts'
import { PAGE_STYLE } from './page-style.ts'

export type PageTable = {
  /** What the table shows; also its caption. */
  readonly caption: string
  readonly headings: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** What is said instead where there are no rows. */
  readonly whenEmpty: string
}

export type PageSection = {
  readonly heading: string
  readonly paragraphs?: readonly string[]
  readonly tables?: readonly PageTable[]
  /** SVG documents of this package's own plots. */
  readonly pictures?: readonly string[]
}

export type PageInit = {
  readonly title: string
  /** What came of it, in a sentence; the reader sees by its colour and by its word whether it is good. */
  readonly verdict: { readonly isGood: boolean; readonly text: string }
  readonly sections: readonly PageSection[]
  readonly footer: string
}

/** One HTML document that needs nothing else: no script, no resource, and a policy that forbids both. All text is text, whatever it holds. */
export function formatPage({ title, verdict, sections, footer }: PageInit): string {
  const body = [
    `<header><h1>${escapeHtml(title)}</h1>`,
    `<p class="verdict ${verdict.isGood ? 'good' : 'bad'}"><strong>${verdict.isGood ? 'Good' : 'Failed'}</strong> ${escapeHtml(verdict.text)}</p></header>`,
    `<main>${sections.map(formatSection).join('\n')}</main>`,
    `<footer><p>${escapeHtml(footer)}</p></footer>`,
  ].join('\n')
  const style = `<style>${PAGE_STYLE}</style>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${styleHashes(style + body)}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
${style}
</head>
<body>
${body}
</body>
</html>
`
}

function formatSection({ heading, paragraphs = [], tables = [], pictures = [] }: PageSection): string {
  return [
    `<section><h2>${escapeHtml(heading)}</h2>`,
    ...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...tables.map(formatTable),
    ...pictures.map((svg) => `<figure>${svg.trimEnd()}</figure>`),
    '</section>',
  ].join('\n')
}

function formatTable({ caption, headings, rows, whenEmpty }: PageTable): string {
  if (rows.length === 0) return `<p>${escapeHtml(caption)}: ${escapeHtml(whenEmpty)}</p>`
  const head = headings.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('')
  const lines = rows.map(
    ([first = '', ...rest]) =>
      `<tr><th scope="row">${escapeHtml(first)}</th>${rest.map((text) => `<td>${escapeHtml(text)}</td>`).join('')}</tr>`,
  )
  // A table that is wider than the screen is moved by keyboard too.
  return `<div class="wide" role="region" tabindex="0" aria-label="${escapeHtml(caption)}"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`
}

/** The style sheets of the page and of its pictures, by hash: no other one counts. */
function styleHashes(html: string): string {
  const sheets = new Set([...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, sheet = '']) => sheet))
  return [...sheets].map((sheet) => `'sha256-${base64Of(sha256(new TextEncoder().encode(sheet)))}'`).join(' ')
}

function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCodePoint(...bytes))
}

/** Control characters are shown as such: they have no place in HTML. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll(/[^\t\n\r\u{20}-\u{7E}\u{A0}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
}
