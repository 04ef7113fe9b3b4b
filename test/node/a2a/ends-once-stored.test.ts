import { type StreamResponse, type Task, TaskState } from '@a2a-js/sdk'
import { ownContextOf } from '../../../src/node/a2a/call-context.ts'
import { describe, expect, it } from 'vitest'
import { endsOnceStored } from '../../../src/node/a2a/ends-once-stored.ts'

const contextId = 'c'
const at = { taskId: 't', context: ownContextOf('acme') }

function statusOf(state: TaskState): StreamResponse {
  const status = { state, message: undefined, timestamp: undefined }
  return { payload: { $case: 'statusUpdate', value: { taskId: at.taskId, contextId, status, metadata: undefined } } }
}

const taskOf = (state: TaskState): Task => ({
  id: at.taskId,
  contextId,
  status: { state, message: undefined, timestamp: undefined },
  artifacts: [],
  history: [],
  metadata: undefined,
})

async function* sourceOf(...states: readonly TaskState[]): AsyncGenerator<StreamResponse, void, undefined> {
  yield* states.map(statusOf)
}

const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

describe('the end of a task', () => {
  it('is told once it is stored, and what comes before at once', async () => {
    const stored = Promise.withResolvers<void>()
    const tasks = {
      ended: async () => await stored.promise,
      load: async () => await Promise.resolve(taskOf(TaskState.TASK_STATE_COMPLETED)),
    }
    const source = sourceOf(TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_COMPLETED)
    const events = endsOnceStored(tasks, source, at)
    expect((await events.next()).value).toEqual(statusOf(TaskState.TASK_STATE_WORKING))
    let isTold = false
    const told = events.next().finally(() => (isTold = true))
    await turn()
    expect(isTold).toBe(false)
    stored.resolve()
    expect((await told).value).toEqual(statusOf(TaskState.TASK_STATE_COMPLETED))
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  it('that could not be stored is no end', async () => {
    const tasks = {
      ended: async () => await Promise.resolve(),
      load: async () => await Promise.resolve(taskOf(TaskState.TASK_STATE_FAILED)),
    }
    const events = endsOnceStored(tasks, sourceOf(TaskState.TASK_STATE_COMPLETED), at)
    await expect(events.next()).rejects.toMatchObject({ code: 'A2A_TASK_INTERRUPTED' })
  })

  it('that asks for input is told once it is stored, too', async () => {
    const stored = Promise.withResolvers<void>()
    const tasks = { ended: async () => await stored.promise, load: async () => await Promise.resolve(undefined) }
    const events = endsOnceStored(tasks, sourceOf(TaskState.TASK_STATE_INPUT_REQUIRED), at)
    const told = events.next()
    await turn()
    stored.resolve()
    expect((await told).value).toEqual(statusOf(TaskState.TASK_STATE_INPUT_REQUIRED))
  })
})
