import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createOutboundFetch, type GuardedOutboundFetch } from '../../src/guard/outbound-fetch.ts'
import { downloadModel, type DownloadModelInit } from '../../src/models/download-model.ts'
import { failureOf } from '../fixtures/failure-of.ts'

const FILE = Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(300_000, 'weights ')])
const SHA256 = createHash('sha256').update(FILE).digest('hex')

let server: Server
let origin: string
let outbound: GuardedOutboundFetch
let folder: string
let target: string
let respond: (request: IncomingMessage, response: ServerResponse) => void
const ranges: (string | undefined)[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    ranges.push(request.headers.range)
    respond(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  outbound = createOutboundFetch({ allowedOrigins: [origin] })
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-pull-'))
  target = join(folder, 'models', 'model.gguf')
  respond = serveFile
  ranges.length = 0
})

afterEach(() => rm(folder, { recursive: true, force: true }))

afterAll(async () => {
  await outbound.close()
  server.closeAllConnections()
  server.close()
})

/** Where the bytes of an address gather. */
function partOf(url: string): string {
  return `${target}.${createHash('sha256').update(url).digest('hex').slice(0, 12)}.part`
}

/** Serves the file, and ranges of it as storage hosts do. */
function serveFile(request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN)
  if (Number.isNaN(start)) response.writeHead(200, { 'content-length': FILE.length }).end(FILE)
  else if (start >= FILE.length) response.writeHead(416).end()
  else {
    const range = `bytes ${start}-${FILE.length - 1}/${FILE.length}`
    response.writeHead(206, { 'content-range': range, 'content-length': FILE.length - start }).end(FILE.subarray(start))
  }
}

/** Serves the beginning, then breaks the connection. */
function breakAfter(bytes: number) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-length': FILE.length })
    response.write(FILE.subarray(0, bytes), () => request.socket.destroy())
  }
}

function pull(init: Partial<DownloadModelInit> = {}): ReturnType<typeof downloadModel> {
  return downloadModel({ url: `${origin}/model.gguf`, target, sha256: SHA256, ...init }, outbound)
}

describe('pulling a model', () => {
  test('brings the file, its size and its digest, and tells how far it is', async () => {
    const seen: number[] = []
    const pulled = await pull({ onProgress: ({ receivedBytes }) => seen.push(receivedBytes) })
    expect(pulled).toEqual({ path: target, sizeBytes: FILE.length, sha256: SHA256 })
    expect(await readFile(target)).toEqual(FILE)
    expect(existsSync(partOf(`${origin}/model.gguf`))).toBe(false)
    expect(seen.at(-1)).toBe(FILE.length)
  })

  test('copies a local file', async () => {
    const source = join(folder, 'source file.gguf')
    await writeFile(source, FILE)
    expect(await pull({ url: pathToFileURL(source).href })).toMatchObject({ sha256: SHA256 })
    expect((await failureOf(pull({ url: pathToFileURL(join(folder, 'absent')).href }))).code).toBe(
      'MODEL_DOWNLOAD_FAILED',
    )
  })

  test('goes on where a broken download stopped', async () => {
    respond = breakAfter(200_000)
    expect((await failureOf(pull())).code).toBe('OUTBOUND_UNREACHABLE')
    expect(existsSync(target)).toBe(false)
    const part = (await readFile(partOf(`${origin}/model.gguf`))).length
    expect(part).toBeGreaterThan(0)
    respond = serveFile
    await pull()
    expect(await readFile(target)).toEqual(FILE)
    expect(ranges).toEqual([undefined, `bytes=${part}-`])
  })

  test('never goes on with the bytes of another address that has the same file name', async () => {
    const other = Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(300_000, 'other weights ')])
    respond = (request, response) => {
      response.writeHead(200, { 'content-length': other.length })
      response.write(other.subarray(0, 200_000), () => request.socket.destroy())
    }
    await failureOf(pull({ url: `${origin}/other/model.gguf` }))
    respond = serveFile
    const { sha256: _, ...unchecked } = { url: `${origin}/model.gguf`, target, sha256: SHA256 }
    expect(await downloadModel(unchecked, outbound)).toMatchObject({ sha256: SHA256 })
    expect(await readFile(target)).toEqual(FILE)
    expect((await stat(join(folder, 'models'))).mode & 0o077).toBe(0)
  })

  test('starts again when the server knows no ranges', async () => {
    await pull().catch(() => undefined)
    await writeFile(partOf(`${origin}/model.gguf`), FILE.subarray(0, 1000))
    respond = (_request, response) => void response.writeHead(200, { 'content-length': FILE.length }).end(FILE)
    await pull()
    expect(await readFile(target)).toEqual(FILE)
  })

  test('a part that is complete already is checked and taken', async () => {
    await pull()
    await writeFile(partOf(`${origin}/model.gguf`), FILE)
    expect(await pull()).toMatchObject({ sha256: SHA256 })
  })

  test('follows redirects to allowed origins only, and not for ever', async () => {
    respond = (request, response) => {
      if (request.url === '/storage') serveFile(request, response)
      else response.writeHead(302, { location: '/storage' }).end()
    }
    expect(await pull()).toMatchObject({ sha256: SHA256 })
    respond = (_request, response) => void response.writeHead(302, { location: 'https://elsewhere.example/x' }).end()
    expect((await failureOf(pull())).code).toBe('OUTBOUND_NOT_ALLOWED')
    respond = (_request, response) => void response.writeHead(302, { location: '/again' }).end()
    expect((await failureOf(pull())).message).toMatch(/more than 5 times/)
  })
})

describe('files that are not taken', () => {
  test('one with another digest, and what came of it is removed', async () => {
    const error = await failureOf(pull({ sha256: '0'.repeat(64) }))
    expect([error.code, existsSync(target), existsSync(partOf(`${origin}/model.gguf`))]).toEqual([
      'MODEL_DOWNLOAD_FAILED',
      false,
      false,
    ])
    expect(error.message).toContain(SHA256)
  })

  test('one that is no GGUF file', async () => {
    respond = (_request, response) => void response.end('<html>Sign in</html>')
    const error = await failureOf(downloadModel({ url: `${origin}/x`, target }, outbound))
    expect(error.message).toMatch(/not a GGUF file/)
  })

  test('one that is too large, by its head or by its body', async () => {
    expect((await failureOf(pull({ bytesMax: 1000 }))).message).toMatch(/limit/)
    respond = (_request, response) => {
      response.write(FILE.subarray(0, 100_000))
      response.end(FILE.subarray(100_000))
    }
    expect((await failureOf(pull({ bytesMax: 150_000 }))).message).toMatch(/limit/)
    expect(existsSync(target)).toBe(false)
  })

  test.each([404, 401, 500])('one that the server answers with %i', async (status) => {
    respond = (_request, response) => void response.writeHead(status).end()
    expect((await failureOf(pull())).message).toContain(String(status))
  })

  test('one whose download the caller aborts', async () => {
    const controller = new AbortController()
    respond = (_request, response) => {
      response.writeHead(200, { 'content-length': FILE.length })
      response.write(FILE.subarray(0, 1000))
      controller.abort(new Error('gone'))
    }
    await expect(pull({ signal: controller.signal })).rejects.toThrow('gone')
  })
})
