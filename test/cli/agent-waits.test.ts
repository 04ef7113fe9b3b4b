import { afterAll, describe, expect, it } from 'vitest'
import { removeFolders, runBinary } from './run-binary.ts'

afterAll(removeFolders)

describe('kernell agent run', () => {
  it('waits for an agent that waits for a time', async () => {
    const run = await runBinary(['agent', 'run', 'monitor', '--input', '{"rounds": 2, "everyMs": 50}', '--json'])
    expect(run.errors).not.toContain('unsettled')
    expect(run.code).toBe(0)
    expect(run.errors).toContain('round=2')
  })

  it('waits for an agent that rests between its batches', async () => {
    const input = { prompts: ['What is 17% of 2340?', 'What is 1+1?', 'What is 3+1?'], parallelMax: 1 }
    const run = await runBinary(['agent', 'run', 'cache-warmer', '--input', JSON.stringify(input), '--json'])
    expect(run.errors).not.toContain('unsettled')
    expect(run.code).toBe(0)
  })
})
