import { startUpstreamServer } from '../../fixtures/upstream-server.ts'
import { LoadServer } from '../budgets/load-server.ts'
import type { TortureInit, TortureReport } from '../torture.ts'
import { measureNode } from './measure-node.ts'
import { NodeCaller, wordOf } from './node-caller.ts'
import { MODELS, soakConfig, TENANTS } from './soak-world.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const CONNECTIONS = 64
const MARKS = 10
const MEBIBYTE = 1_048_576

/** Sends so many plain requests as fast as they are answered, each prompt once, with budgets, cache and telemetry on, and shows the memory before, ten times between, and after. */
export async function playPlain(init: TortureInit, requests: number): Promise<TortureReport> {
  const upstream = await startUpstreamServer({
    isRecording: false,
    behaviour: { kind: 'answer', text: 'one two three', usage: { input: 12, output: 3 } },
  })
  const server = new LoadServer({ ...soakConfig(upstream.baseUrl), cache: { enabled: true } }, '')
  const caller = new NodeCaller()
  try {
    await server.start()
    caller.url = server.url
    return await send(init, { requests, server, caller })
  } finally {
    caller.hangUp()
    await server.remove()
    await upstream.close()
  }
}

type PlainInit = { readonly requests: number; readonly server: LoadServer; readonly caller: NodeCaller }

async function send(init: TortureInit, { requests, server, caller }: PlainInit): Promise<TortureReport> {
  const key = readFileSync(join(server.dataDir, 'admin-token'), 'utf8').trim()
  const rows: Record<string, string> = {}
  const words = new Map<string, number>()
  const startedMs = performance.now()
  const note = async (done: number): Promise<void> => {
    const { rssBytes, anonymousBytes, heapBytes, descriptors, files } = measureNode(
      server.pid,
      (await caller.ask('/metrics', { key })).text,
    )
    const size = (bytes: number): string => (bytes / MEBIBYTE).toFixed(0)
    const seconds = Math.round((performance.now() - startedMs) / 1_000)
    rows[`${done} requests`] =
      `rss ${size(rssBytes)} MiB, without files ${size(anonymousBytes)} MiB, heap ${size(heapBytes)} MiB, ${descriptors} descriptors, ${files} files, ${seconds} s`
    init.log(`${done} requests: ${rows[`${done} requests`]}`)
  }
  await note(0)
  let asked = 0
  const ask = async (until: number): Promise<void> => {
    while (asked < until) {
      asked += 1
      const content = `Say line ${asked} for ${TENANTS[0]} about the sea`
      const body = { model: `up-${MODELS[0]}/${MODELS[0]}`, max_tokens: 20, messages: [{ role: 'user', content }] }
      const word = wordOf(await caller.ask('/v1/chat/completions', { body }))
      words.set(word, (words.get(word) ?? 0) + 1)
    }
  }
  for (let mark = 1; mark <= MARKS; mark += 1) {
    const until = Math.round((requests * mark) / MARKS)
    await Promise.all(Array.from({ length: CONNECTIONS }, async () => await ask(until)))
    await note(until)
  }
  const seconds = (performance.now() - startedMs) / 1_000
  const answered = words.get('answered') ?? 0
  const failures =
    answered === requests
      ? []
      : [{ seed: init.firstSeed, what: `${requests - answered} requests failed: ${[...words.keys()].join(', ')}` }]
  return { name: 'soak', runs: 1, counts: { ...rows, 'requests a second': Math.round(requests / seconds) }, failures }
}
