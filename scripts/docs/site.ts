/** `npm run docs [-- --out DIR]`: renders the documentation into a site of plain files, which needs no server and no network. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readPages } from './pages.ts'
import { renderPage } from './render-page.ts'

const HERE = dirname(fileURLToPath(import.meta.url))

/** Writes the site and says how many pages it has. */
export async function writeSite(out: string): Promise<number> {
  const pages = await readPages()
  await rm(out, { recursive: true, force: true })
  const rendered = pages.map((page) => renderPage(page, pages))
  for (const { path, html } of rendered) {
    const file = join(out, path.replace(/\.md$/, '.html'))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, html)
  }
  const index = rendered.map(({ path, title, headings, text }) => ({
    url: path.replace(/\.md$/, '.html'),
    title,
    headings,
    text,
  }))
  await writeFile(join(out, 'search-index.js'), `globalThis.KERNELL_SEARCH = ${JSON.stringify(index)}\n`)
  await copyFile(join(HERE, 'site.css'), join(out, 'site.css'))
  // Pages load it as a script of the usual kind, which works from files as well.
  await copyFile(join(HERE, 'site.mjs'), join(out, 'site.js'))
  return rendered.length
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string' } } })
  const out = values.out ?? '.kernell/site'
  console.log(`${await writeSite(out)} pages in ${out}; open ${join(out, 'index.html')}`)
}
