import { describe, expect, it } from 'vitest'
import type { CodedError } from '../../../src/base/errors.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import type { AgentSkill } from '../../../src/node/a2a/agent-skill.ts'
import { textPart } from '../../../src/node/a2a/filed-task.ts'
import { PaidRuns } from '../../../src/node/a2a/payment/paid-runs.ts'
import { createPaidWorker } from '../../../src/node/a2a/payment/paid-worker.ts'
import { decodePaidOutput, encodePaidInput } from '../../../src/node/a2a/payment/task-documents.ts'
import type { RouteCaller } from '../../../src/ports/router.ts'
import { CHATTY, WAITING } from '../../gateway/a2a/sample-skills.ts'

const PAYER = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK' as never
const base = { name: 'Sample', description: 'For tests', tags: ['test'] }

const BROKEN: AgentSkill = {
  ...base,
  id: 'broken',
  run: async () => await Promise.reject(new Error('secret of the program')),
}
const LONG: AgentSkill = {
  ...base,
  id: 'long',
  run: async ({ emit }) => {
    emit({ type: 'text', artifactId: 'a', text: 'x'.repeat(5_000) })
    return await Promise.resolve({ state: 'completed' })
  },
}

function open(skills: readonly AgentSkill[]) {
  const runs = new PaidRuns()
  const worker = createPaidWorker({
    skills,
    runs,
    isCanceled: async () => await Promise.resolve(false),
    onCanceled: () => undefined,
    taskBytesMax: 2_000,
  })
  const told: string[] = []
  const run = async (bytes: Uint8Array) =>
    await worker(bytes, {
      payer: PAYER,
      signal: new AbortController().signal,
      count: () => undefined,
      progress: ({ text = '' }) => told.push(text),
    })
  return { runs, run, told }
}

const inputFor = (skill: string): Uint8Array => encodePaidInput({ taskId: 't', skill, parts: [textPart('Hi')] })

describe('the work of paid skills', () => {
  it('is done for the payer as its own tenant, and its artefacts are the result, with the task that they are of', async () => {
    const callers: RouteCaller[] = []
    const watched: AgentSkill = {
      ...CHATTY,
      run: async (work) => {
        callers.push(work.caller)
        work.emit({ type: 'progress', text: 'half' })
        return await CHATTY.run(work)
      },
    }
    const { run, told } = open([watched])
    const output = decodePaidOutput(await run(inputFor('chatty')))
    expect(output).toMatchObject({ taskId: 't', artifacts: [{ artifactId: 'a' }, { artifactId: 'b' }] })
    expect([callers[0]?.organisation, callers[0]?.peer, told]).toEqual(['market', PAYER, ['half']])
    expect(callers[0]?.tenant).toMatch(/^market:/)
    expect(Buffer.compare(await run(inputFor('chatty')), await run(inputFor('chatty')))).toBe(0)
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['does not complete', inputFor('waiting'), /ended as input-required/],
    ['fails', inputFor('broken'), /^Nothing was delivered: the node failed to work on it$/],
    ['makes too much', inputFor('long'), /A2A_ANSWER_TOO_LARGE/],
    ['has no price here', inputFor('other'), /REQUEST_INVALID/],
    ['is no task', new TextEncoder().encode('not a task'), /REQUEST_INVALID/],
  ])('delivers nothing of a skill that %s, and whoever waits hears of it', async (_what, bytes, message) => {
    const { run, runs } = open([WAITING, BROKEN, LONG])
    const heard: CodedError[] = []
    const name = hashOfBytes(bytes)
    const end = runs.onFailure(name, (error) => heard.push(error))
    await expect(run(bytes)).rejects.toThrow()
    expect(heard).toMatchObject([{ code: 'A2A_PAID_WORK_FAILED', message: expect.stringMatching(message) as string }])
    end()
    // Whoever comes later hears of it as well, until it is done anew.
    runs.onFailure(name, (error) => heard.push(error))
    expect(heard).toHaveLength(2)
    runs.begin(name)
    runs.onFailure(name, (error) => heard.push(error))
    expect(heard).toHaveLength(2)
  })
})
