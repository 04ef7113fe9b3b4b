/** Serves pages that use the built package the way a site would: modules by their doors' names through an import map, under a content security policy. */

import { readFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { stripTypeScriptTypes } from 'node:module'
import { ROOT } from '../repo/repository.ts'

/** A page: the body of an async function that returns its result, and whether WebAssembly may be compiled. */
export type Page = {
  readonly script: string
  readonly allowsWasm: boolean
  /** Where it may connect besides this server; absent: nowhere. */
  readonly connects?: string
}

export type PageServer = { readonly urlOf: (name: string) => string; close(): void }

const NONCE = 'kernell-test'
const KINDS: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.css': 'text/css',
  '.json': 'application/json',
}

/** Starts on a free port of 127.0.0.1. `files` are served as they are, besides dist/ and the packages that built modules import. */
export async function startPageServer(
  pages: Readonly<Record<string, Page>>,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<PageServer> {
  const importMap = JSON.stringify({ imports: await importsOfDoors() })
  const operations = stripTypeScriptTypes(await readFile(new URL('page-operations.ts', import.meta.url), 'utf8'))
  /** Per page that is being opened: resolved once its script is done. */
  const finished = new Map<string, PromiseWithResolvers<void>>()
  const answer = async (pathname: string, response: ServerResponse): Promise<void> => {
    const [, folder = '', name = ''] = pathname.split('/')
    const page = pages[name]
    if (page === undefined) {
      const file = pathname === '/operations.js' ? operations : files[pathname]
      if (file === undefined) await sendBuiltFile(response, pathname)
      else send(response, extname(pathname), file)
    } else if (folder === 'held') {
      await finished.get(name)?.promise
      send(response, '.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>')
    } else if (folder === 'finished') {
      finished.get(name)?.resolve()
      send(response, '.html', '')
    } else if (folder === 'script') send(response, '.js', scriptOf(name, page))
    else {
      finished.set(name, Promise.withResolvers<void>())
      sendPage(response, importMap, { name, ...page })
    }
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1')
    answer(pathname, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { urlOf: (name) => `http://127.0.0.1:${port}/page/${name}`, close: () => closeServer(server) }
}

/** Doors by name, as package.json maps them, and what the built modules import by name. */
async function importsOfDoors(): Promise<Record<string, string>> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly browser?: string; readonly default: string }>>
  }
  const doors = Object.entries(manifest.exports).map(([door, target]) => [
    `kernell-os${door.slice(1)}`,
    (typeof target === 'string' ? target : (target.browser ?? target.default)).slice(1),
  ])
  return {
    ...Object.fromEntries(doors),
    '@noble/hashes/': '/node_modules/@noble/hashes/',
    xstate: '/node_modules/xstate/dist/xstate.esm.js',
    zod: '/node_modules/zod/index.js',
    ...Object.fromEntries(
      ['bases/base16', 'bases/base58', 'bases/base64', 'cid', 'hashes/digest'].map((name) => [
        `multiformats/${name}`,
        `/node_modules/multiformats/dist/src/${name}.js`,
      ]),
    ),
    '@ipld/dag-cbor': '/node_modules/@ipld/dag-cbor/src/index.js',
    cborg: '/node_modules/cborg/cborg.js',
    croner: '/node_modules/croner/dist/croner.js',
    tweetnacl: '/node_modules/tweetnacl/nacl-fast.js',
  }
}

/** The image is held back until the script is done, and with it the load event that Chromium waits for before it prints the document. */
function sendPage(response: ServerResponse, importMap: string, page: Page & { readonly name: string }): void {
  const scripts = `script-src 'self' 'nonce-${NONCE}'${page.allowsWasm ? " 'wasm-unsafe-eval'" : ''}`
  response.setHeader(
    'content-security-policy',
    `default-src 'none'; img-src 'self'; worker-src 'self'; connect-src 'self' ${page.connects ?? ''}; ${scripts}`,
  )
  send(
    response,
    '.html',
    `<!doctype html><script type="importmap" nonce="${NONCE}">${importMap}</script><pre id="result"></pre>` +
      `<img src="/held/${page.name}"><script type="module" src="/script/${page.name}"></script>`,
  )
}

function scriptOf(name: string, page: Page): string {
  return `const write = (value) => { document.getElementById('result').textContent = value }
const run = async () => {${page.script}}
try { write(await run()) } catch (error) { write(\`\${error.name}: \${error.message}\`) }
await fetch('/finished/${name}')
`
}

async function sendBuiltFile(response: ServerResponse, pathname: string): Promise<void> {
  const isServed =
    pathname.startsWith('/dist/') ||
    /^\/node_modules\/(?:@noble\/hashes|@ipld\/dag-cbor|cborg|xstate|croner|zod|multiformats|tweetnacl)\//.test(
      pathname,
    )
  const content = isServed ? await readFile(join(ROOT, pathname)).catch(() => undefined) : undefined
  if (content === undefined) response.writeHead(404).end()
  else if (pathname.startsWith('/node_modules/tweetnacl/')) send(response, '.js', asModule(content.toString('utf8')))
  else send(response, extname(pathname), content)
}

/** A script for CommonJS as bundlers of sites make a module of it. */
function asModule(script: string): string {
  return `const module = { exports: {} };\n${script}\n;export default module.exports\n`
}

function send(response: ServerResponse, extension: string, content: string | Uint8Array): void {
  response.setHeader('content-type', KINDS[extension] ?? 'text/plain; charset=utf-8')
  response.end(content)
}

function closeServer(server: Server): void {
  server.close()
  server.closeAllConnections()
}
