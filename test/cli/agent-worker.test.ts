import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findAgentWorker } from '../../src/cli/agent-worker.ts'
import type { WorkProgress } from '../../src/market/parties/progress/progress-board.ts'
import { loadConfig } from '../../src/node/config/load-config.ts'
import { createScriptedNode } from './scripted-node.ts'

const folder = mkdtempSync(join(tmpdir(), 'kernell-worker-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function toldBy(agent: string, input: object): Promise<{ told: WorkProgress[]; result: string }> {
  const environment = { KERNELL_DATA_DIR: folder, XDG_CONFIG_HOME: folder }
  const node = createScriptedNode(loadConfig({ environment, workingDir: folder }), () => ({}))
  const told: WorkProgress[] = []
  const worker = await findAgentWorker(agent, node)
  const result = await worker?.(new TextEncoder().encode(JSON.stringify(input)), {
    signal: new AbortController().signal,
    count: () => undefined,
    progress: (made) => told.push(made),
  })
  return { told, result: new TextDecoder().decode(result) }
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
})
