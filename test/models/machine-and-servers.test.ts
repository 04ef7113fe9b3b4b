import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOutboundFetch } from '../../src/guard/outbound-fetch.ts'
import { probeHardware } from '../../src/models/hardware-probe.ts'
import { listServedModels, LOCAL_SERVERS, probeLocalServers } from '../../src/models/probe-local-servers.ts'
import { createO200kTokenizer } from '../../src/models/tokenizer.ts'
import { startUpstreamServer } from '../fixtures/upstream-server.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-probe-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the machine', () => {
  test('has cores, memory and a processor with a name', async () => {
    const hardware = await probeHardware()
    expect(hardware.cpuCores).toBeGreaterThan(0)
    expect(hardware.memoryBytes).toBeGreaterThan(100_000_000)
    expect(hardware.memoryBytes).toBeLessThanOrEqual(totalmem())
    expect(hardware.gpus).toEqual([])
  })

  test.each([
    ['memory.max', '536870912\n', 536_870_912],
    ['memory.max', 'max\n', totalmem()],
    ['memory/memory.limit_in_bytes', '268435456', 268_435_456],
    ['memory/memory.limit_in_bytes', '9223372036854771712', totalmem()],
  ])('a container whose %s says %j has %i bytes', async (file, content, expected) => {
    const cgroupRoot = await mkdtemp(join(folder, 'cgroup-'))
    await mkdir(join(cgroupRoot, 'memory'))
    await writeFile(join(cgroupRoot, file), content)
    expect((await probeHardware({ cgroupRoot })).memoryBytes).toBe(expected)
  })

  test('graphics memory is what the runtime finds; a runtime that fails finds none', async () => {
    const gpus = [{ name: 'gpu', memoryBytes: 8e9 }]
    expect((await probeHardware({ findGpus: () => Promise.resolve(gpus) })).gpus).toEqual(gpus)
    expect((await probeHardware({ findGpus: () => Promise.reject(new Error('absent')) })).gpus).toEqual([])
  })
})

describe('servers on this machine', () => {
  test('those that answer are listed with their models, in time, whatever the others do', async () => {
    await using ollama = await startUpstreamServer({ models: ['qwen3:8b', 'llama3.2:3b'] })
    await using silent = await startUpstreamServer()
    const servers = [
      { provider: 'ollama', baseUrl: ollama.baseUrl },
      { provider: 'absent', baseUrl: 'http://127.0.0.1:9/v1' },
      { provider: 'other', baseUrl: `${silent.origin}/other` },
      { provider: 'forbidden', baseUrl: 'http://127.0.0.1:11/v1' },
    ]
    await using outbound = createOutboundFetch({ allowedOrigins: servers.slice(0, 3).map((server) => server.baseUrl) })
    expect(await probeLocalServers(outbound, { servers })).toEqual([
      { provider: 'ollama', baseUrl: ollama.baseUrl, models: ['qwen3:8b', 'llama3.2:3b'] },
    ])
  })

  test('a server that accepts and says nothing is given up in time', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    await using outbound = createOutboundFetch({ allowedOrigins: [baseUrl] })
    const startedMs = performance.now()
    const servers = [{ provider: 'mute', baseUrl }]
    expect(await probeLocalServers(outbound, { servers, timeoutMs: 50 })).toEqual([])
    expect(performance.now() - startedMs).toBeLessThan(1000)
    server.close()
  })

  test('an aborted probe rejects with the reason', async () => {
    await using outbound = createOutboundFetch({ allowedOrigins: [] })
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(probeLocalServers(outbound, { servers: [], signal })).rejects.toThrow('gone')
  })

  test('a list of another form is no list', async () => {
    await using upstream = await startUpstreamServer()
    await using outbound = createOutboundFetch({ allowedOrigins: [upstream.origin] })
    expect(
      await listServedModels(outbound, { baseUrl: `${upstream.origin}/api/tags?`, timeoutMs: 1000 }),
    ).toBeUndefined()
  })

  test('the usual servers are on loopback', () => {
    expect(LOCAL_SERVERS.every(({ baseUrl }) => baseUrl.startsWith('http://127.0.0.1:'))).toBe(true)
  })
})

describe('the tokenizer', () => {
  const tokenizer = createO200kTokenizer()

  test.each([
    ['', 0],
    ['Hello, world!', 4],
    ['<|endoftext|>', 7],
    ['grüße 🎈', 5],
  ])('counts %j as %i', async (text, expected) => expect(await tokenizer.count(text)).toBe(expected))

  test('a long text is counted in slices, a token per cut apart', async () => {
    const sentence = 'The quick brown fox jumps over the lazy dog. '
    const one = await tokenizer.count(sentence)
    const many = await tokenizer.count(sentence.repeat(3000))
    expect(Math.abs(many - one * 3000)).toBeLessThan(3010)
    expect(many).toBeGreaterThan(9 * 3000)
  })
})
