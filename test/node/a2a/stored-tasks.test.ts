import { type Task, TaskState } from '@a2a-js/sdk'
import { expect, test } from 'vitest'
import { ownContextOf } from '../../../src/node/a2a/call-context.ts'
import { openKeptTasks } from '../../../src/node/a2a/kept-task-store.ts'
import { StoredTasks } from '../../../src/node/a2a/stored-tasks.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const ID = '0196f3a0-0000-7000-8000-000000000001'
const NAME = { owner: 'acme', id: ID }
const context = ownContextOf('acme')
let seconds = 0

function taskIn(state: TaskState): Task {
  const timestamp = new Date(Date.UTC(2030, 0, 1, 0, 0, (seconds += 1))).toISOString()
  const status = { state, message: undefined, timestamp }
  return { id: ID, contextId: 'c', status, artifacts: [], history: [], metadata: undefined }
}

async function openTasks(): Promise<StoredTasks> {
  const store = await openKeptTasks(createMemoryKeyValueStore())
  const init = { tasksMax: 10, keepMs: 1e9, interrupted: '', onErased: () => undefined, onUnstored: () => undefined }
  return new StoredTasks({ store, clock: { now: () => Date.UTC(2030, 0, 1) as never } }, init)
}

const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

test('a task whose next turn has begun has not ended, although nothing of that turn is stored yet', async () => {
  const tasks = await openTasks()
  await tasks.save(taskIn(TaskState.TASK_STATE_WORKING), context)
  const waiting = taskIn(TaskState.TASK_STATE_INPUT_REQUIRED)
  await tasks.save(waiting, context)
  await tasks.ended(NAME)
  expect(await tasks.hold(NAME, waiting)).toBeDefined()
  let isOver = false
  const over = tasks.ended(NAME).then(() => (isOver = true))
  await turn()
  expect(isOver).toBe(false)
  await tasks.save(taskIn(TaskState.TASK_STATE_WORKING), context)
  await turn()
  expect(isOver).toBe(false)
  await tasks.save(taskIn(TaskState.TASK_STATE_COMPLETED), context)
  await over
})

test('a turn that did not begin keeps nobody waiting', async () => {
  const tasks = await openTasks()
  await tasks.save(taskIn(TaskState.TASK_STATE_WORKING), context)
  const waiting = taskIn(TaskState.TASK_STATE_INPUT_REQUIRED)
  await tasks.save(waiting, context)
  const held = await tasks.hold(NAME, waiting)
  const over = tasks.ended(NAME)
  if (held !== undefined) await tasks.letGo(held)
  await over
})
