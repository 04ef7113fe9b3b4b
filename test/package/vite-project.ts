import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { BrowserSession } from '../browser/browser-session.ts'
import { findChromium } from '../browser/chromium.ts'

const run = promisify(execFile)

const KINDS: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
}

/** Builds the page of a stranger with Vite, from the installed package, and opens what came out in Chromium where there is one. @returns What it showed. */
export async function buildWithVite(folder: string, vite: string): Promise<string> {
  const project = join(folder, 'vite')
  const words = ['build', '--target', 'esnext', '--base', './', '--logLevel', 'warn']
  const { stdout, stderr } = await run(vite, words, { cwd: project, maxBuffer: 64 * 1_048_576 })
  const complaints = `${stdout}${stderr}`
  // Vite goes on without what pages do not have, and says so.
  if (/externalized for browser compatibility|Module not found|UNRESOLVED/i.test(complaints))
    throw new Error(complaints)
  const built = join(project, 'dist')
  const files = await readdir(join(built, 'assets'))
  if (!files.some((file) => file.endsWith('.wasm'))) throw new Error(`core.wasm is not among ${files.join(', ')}`)
  const chromium = findChromium()
  if ('reason' in chromium) return `built; not opened: ${chromium.reason}`
  const shown = await resultOf(chromium.path, built)
  const { nearest, chance, state } = JSON.parse(shown) as Readonly<Record<string, unknown>>
  if (nearest !== 'How do I bake bread?' || typeof chance !== 'number' || state !== 'on') throw new Error(shown)
  return 'built, and run in Chromium'
}

/** What the page writes once it is done. */
async function resultOf(chromium: string, built: string): Promise<string> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname
    const file = path === '/' ? 'index.html' : path.slice(1)
    readFile(join(built, file)).then(
      (bytes) => response.writeHead(200, { 'content-type': KINDS[extname(file)] ?? 'text/plain' }).end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await BrowserSession.open(chromium)
  try {
    const tab = await browser.openTab(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const text = await tab.run(`
      const endMs = performance.now() + 20000
      const result = document.getElementById('result')
      while (result.textContent === '' && performance.now() < endMs) await new Promise((resolve) => { setTimeout(resolve, 20) })
      return result.textContent`)
    return String(text)
  } finally {
    await browser.close()
    server.close()
  }
}
