import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unpackTar } from 'modern-tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SandboxConfig } from '../../../src/node/config/node-config.ts'
import { prepareSandboxes } from '../../../src/node/sandbox/prepare-sandboxes.ts'
import { isLeftOutFor, whyNoGuest } from '../../sandbox/guest/guest-image.ts'

let directory: string
let settings: SandboxConfig
let engine: Server | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kernell-prepare-'))
  settings = {
    directory: join(directory, 'sandbox'),
    image: 'registry.test/small:one',
    containerSocket: join(directory, 'engine.sock'),
  }
})

afterEach(async () => {
  if (engine !== undefined) await new Promise((resolve) => engine?.close(resolve))
  engine = undefined
  rmSync(directory, { recursive: true, force: true })
})

/** An engine that takes images, and answers so. */
async function listen(answer: string): Promise<readonly { readonly url: string; readonly body: Uint8Array }[]> {
  const asked: { readonly url: string; readonly body: Uint8Array }[] = []
  engine = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      asked.push({ url: request.url ?? '', body: Buffer.concat(pieces) })
      response.end(request.url === '/version' ? '{"Version":"1.2"}' : answer)
    })
  })
  engine.listen(settings.containerSocket)
  await once(engine, 'listening')
  return asked
}

const prepare = async (more: Partial<Parameters<typeof prepareSandboxes>[0]> = {}) =>
  await prepareSandboxes({ settings, ...more })

describe.skipIf(isLeftOutFor('docker', whyNoGuest()))('preparing sandboxes', { timeout: 30_000 }, () => {
  it('gives the engine an image with busybox, makes a machine, and leaves nothing half done', async () => {
    const asked = await listen('{"status":"sha256:1"}')
    const path = join(directory, 'vmlinuz')
    writeFileSync(path, 'kernel')
    const outcomes = await prepare({ kernel: { kind: 'file', path } })
    expect(outcomes.map(({ part, isMade }) => [part, isMade])).toEqual([
      ['supervisor', true],
      ['container', true],
      ['machine', true],
    ])
    const [, imported] = asked
    expect(imported?.url).toBe('/images/create?fromSrc=-&repo=registry.test%2Fsmall%3Aone')
    const names = (await unpackTar(imported?.body ?? new Uint8Array())).map(({ header }) => header.name)
    expect(names).toEqual(expect.arrayContaining(['bin/busybox', 'bin/sh', 'work/']))
    expect(readdirSync(settings.directory).toSorted()).toEqual([
      'initial-files',
      'kernel',
      'prepared.json',
      'supervisor',
    ])
    expect(readFileSync(join(settings.directory, 'kernel'), 'utf8')).toBe('kernel')
  })

  it('says what is missing and how it is had, and makes the rest all the same', async () => {
    const outcomes = await prepare({ kernel: { kind: 'file', path: join(directory, 'none') } })
    expect(outcomes).toEqual([
      expect.objectContaining({ part: 'supervisor', isMade: true }),
      {
        part: 'container',
        isMade: false,
        reason: expect.stringContaining(settings.containerSocket ?? ''),
        remedy: expect.stringContaining('Start Docker'),
      },
      {
        part: 'machine',
        isMade: false,
        reason: expect.stringContaining('none'),
        remedy: expect.stringContaining('--kernel'),
      },
    ])
    expect(existsSync(join(settings.directory, 'supervisor'))).toBe(true)
  })

  it('believes no engine that takes the image and then says that it did not', async () => {
    await listen('{"status":"Importing"}\r\n{"errorDetail":{},"error":"no space left"}\r\n')
    const outcomes = await prepare({ parts: ['container'] })
    expect(outcomes.at(-1)).toMatchObject({ isMade: false, reason: expect.stringContaining('no space left') })
  })

  it('stops when it is told to', async () => {
    await expect(prepare({ signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped')
  })
})
