import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { escapeHtml, formatPage } from '../../../src/simulation/report/page.ts'
import { plotSvg } from '../../../src/learning/plot/plot.ts'

const EVIL = `"><script>alert('1')</script>&\u0000\u202e`
const SVG = plotSvg({
  title: EVIL,
  x: { label: EVIL },
  y: { label: 'y' },
  series: [{ name: EVIL, points: [{ x: 1, y: 2 }] }],
})

function page(): string {
  const table = { caption: EVIL, headings: [EVIL, 'b'], rows: [[EVIL, EVIL]], whenEmpty: 'none' }
  return formatPage({
    title: EVIL,
    verdict: { isGood: false, text: EVIL },
    sections: [
      { heading: EVIL, paragraphs: [EVIL], tables: [table, { ...table, rows: [] }], pictures: [SVG] },
      { heading: 'Second' },
    ],
    footer: EVIL,
  })
}

test('whatever a scenario says stays text', () => {
  expect(page()).not.toContain('<script')
  expect(page()).not.toContain('\u0000')
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;')
})

test('nothing but its own style sheets counts', () => {
  const html = page()
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? ''
  const sheets = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, sheet = '']) => sheet)
  expect(sheets).toHaveLength(2)
  for (const sheet of sheets)
    expect(policy).toContain(`'sha256-${createHash('sha256').update(sheet).digest('base64')}'`)
  expect(policy).not.toMatch(/unsafe|script-src|https?:/)
  expect(html).not.toMatch(/\s(?:style|src|href|on\w+)=/)
})

test('it is read in order: headings, captions, titles of pictures', () => {
  const html = page()
  expect([...html.matchAll(/<(h\d)>/g)].map(([, name]) => name)).toEqual(['h1', 'h2', 'h2'])
  expect(html.match(/<table>/g)).toHaveLength(1)
  expect(html.match(/<table><caption>/g)).toHaveLength(1)
  expect(html).toMatch(/<svg [^>]*role="img"[^>]*>\s*<title>/)
  expect(html).toContain('<html lang="en">')
  expect(html).toContain('name="viewport"')
})
