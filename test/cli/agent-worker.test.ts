import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findAgentWorker } from '../../src/cli/agent-worker.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import type { WorkProgress } from '../../src/market/parties/progress/progress-board.ts'
import { loadConfig } from '../../src/node/config/load-config.ts'
import type { RouteCaller } from '../../src/ports/router.ts'
import { didNamed } from '../core/escrow/escrow-builder.ts'
import { createScriptedNode } from './scripted-node.ts'

const folder = mkdtempSync(join(tmpdir(), 'kernell-worker-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Selling = { readonly answer?: string; readonly isHiding?: boolean; readonly payer?: Did }
type Sold = { readonly told: WorkProgress[]; readonly result: string; readonly callers: readonly RouteCaller[] }

async function toldBy(agent: string, input: object, { answer, isHiding = false, payer }: Selling = {}): Promise<Sold> {
  const environment = { KERNELL_DATA_DIR: folder, XDG_CONFIG_HOME: folder }
  const config = loadConfig({ environment, workingDir: folder })
  const usage = { tokensIn: 1, tokensOut: 1, cachedTokensIn: 0, isEstimated: false }
  const scripted = { text: answer ?? '', toolCalls: [], finishReason: 'stop', usage } as const
  const hiding = { ...config, ...(isHiding && { privacy: { hidesSecrets: true } }) }
  const node = createScriptedNode(hiding, () => (answer === undefined ? {} : { answer: scripted }))
  const told: WorkProgress[] = []
  const worker = await findAgentWorker(agent, node)
  const result = await worker?.(new TextEncoder().encode(JSON.stringify(input)), {
    signal: new AbortController().signal,
    count: () => undefined,
    progress: (made) => told.push(made),
    ...(payer !== undefined && { payer }),
  })
  return { told, result: new TextDecoder().decode(result), callers: node.requests.map(({ caller }) => caller) }
}

describe('a packaged agent that sells its work', () => {
  test('tells the payer how much is done, where it counts that', async () => {
    const { told } = await toldBy('cache-warmer', { prompts: ['one', 'two'], parallelMax: 1, restMs: 1 })
    expect(told).toEqual([
      { text: 'batch-done', donePpm: 500_000 },
      { text: 'batch-done', donePpm: 1_000_000 },
    ])
  })

  test('names its steps, and gives nothing away of what it sells', async () => {
    const { told, result } = await toldBy('summarizer', { text: 'A long story. '.repeat(4_000) })
    expect(told.map(({ text }) => text)).toContain('part-condensed')
    expect(told.map(({ text }) => text)).toContain('writing')
    expect(result).toContain('answer to')
    expect(JSON.stringify(told)).not.toContain('answer to')
    expect(told.every(({ partial }) => partial === undefined)).toBe(true)
  })

  test('hands out no secrets where the operator hides them, and is asked by each payer as a tenant of its own', async () => {
    const answer = 'Write to jane@example.com.'
    const text = 'A letter.'
    expect((await toldBy('summarizer', { text }, { answer })).result).toContain('jane@example.com')
    const sold = await toldBy('summarizer', { text }, { answer, isHiding: true, payer: didNamed('first') })
    expect(sold.result).toContain('Write to [redacted email].')
    const other = await toldBy('summarizer', { text }, { answer, payer: didNamed('second') })
    const [first, second] = [sold.callers[0], other.callers[0]]
    expect(first).toMatchObject({ organisation: 'market', peer: didNamed('first'), agent: 'summarizer' })
    expect(first?.tenant).toMatch(/^market:[0-9a-f]{32}$/)
    expect(second?.tenant).not.toBe(first?.tenant)
  })
})
