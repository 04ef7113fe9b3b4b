import { type StreamResponse, type Task, TaskState } from '@a2a-js/sdk'
import { RequestMalformedError, TaskNotFoundError, UnsupportedOperationError } from '@a2a-js/sdk/errors'
import type { ServerCallContext } from '@a2a-js/sdk/server'
import { callOf, ownerOf } from '../call-context.ts'
import { stateOf, TERMINAL_STATES } from '../filed-task.ts'
import type { StoredTasks } from '../stored-tasks.ts'
import type { FleetTasks } from './fleet-tasks.ts'

export type FollowTaskComponents = {
  readonly tasks: Pick<StoredTasks, 'load'>
  readonly fleet: Pick<FleetTasks, 'follow'>
}

/** How often it looks without having heard of a change: what is heard is kept for those who were away. */
const LOOK_MS = 30_000

/**
 * The events of a task that is worked on anywhere, by what is stored of it: the task, then each change of its state, with the artefacts that came with it as wholes. It
 * ends as a stream of the library does: with the task, or when the task asks for input; and when the caller leaves.
 *
 * Throws `TaskNotFoundError`, and `UnsupportedOperationError` for one that has ended.
 */
export async function* followTask(
  { tasks, fleet }: FollowTaskComponents,
  taskId: string,
  context: ServerCallContext,
): AsyncGenerator<StreamResponse, void, undefined> {
  if (taskId.trim() === '') throw new RequestMalformedError('Task ID is required')
  const { signal } = callOf(context)
  const news = fleet.follow({ owner: ownerOf(context), id: taskId })
  try {
    let told = await tasks.load(taskId, context)
    if (told === undefined) throw new TaskNotFoundError(`Task not found: ${taskId}`)
    if (TERMINAL_STATES.has(stateOf(told)))
      throw new UnsupportedOperationError(
        `Task ${taskId} is in a terminal state (${stateOf(told)}) and cannot be subscribed to.`,
      )
    yield { payload: { $case: 'task', value: told } }
    for (;;) {
      await news.next(LOOK_MS, signal)
      if (signal?.aborted === true) return
      const now = await tasks.load(taskId, context)
      if (now === undefined) return
      if (isSameStatus(told, now)) continue
      yield* changesOf(told, now)
      if (TERMINAL_STATES.has(stateOf(now)) || stateOf(now) === TaskState.TASK_STATE_INPUT_REQUIRED) return
      told = now
    }
  } finally {
    news.end()
  }
}

function isSameStatus(told: Task, now: Task): boolean {
  return stateOf(told) === stateOf(now) && told.status?.timestamp === now.status?.timestamp
}

function* changesOf(told: Task, now: Task): Generator<StreamResponse, void, undefined> {
  const { id: taskId, contextId, status, metadata } = now
  const before = new Map(told.artifacts.map((artifact) => [artifact.artifactId, JSON.stringify(artifact)]))
  for (const artifact of now.artifacts) {
    if (before.get(artifact.artifactId) === JSON.stringify(artifact)) continue
    const update = { taskId, contextId, artifact, append: false, lastChunk: true, metadata: undefined }
    yield { payload: { $case: 'artifactUpdate', value: update } }
  }
  yield { payload: { $case: 'statusUpdate', value: { taskId, contextId, status, metadata } } }
}
