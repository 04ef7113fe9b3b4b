import type { StreamResponse } from '@a2a-js/sdk'
import type { ServerCallContext } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import { callOf, ownerOf } from './call-context.ts'
import { RUNNING_STATES, stateOf, TERMINAL_STATES } from './filed-task.ts'
import type { StoredTasks } from './stored-tasks.ts'

/**
 * The events of a task, as the library tells them; but how a turn ends is told once it is stored.
 *
 * Throws `A2A_TASK_INTERRUPTED` for an end that was not stored, and as the store.
 */
export async function* endsOnceStored(
  tasks: Pick<StoredTasks, 'ended' | 'load'>,
  source: AsyncGenerator<StreamResponse, void, undefined>,
  { taskId, context }: { readonly taskId: string; readonly context: ServerCallContext },
): AsyncGenerator<StreamResponse, void, undefined> {
  const { signal } = callOf(context)
  const name = { owner: ownerOf(context), id: taskId }
  for await (const event of source) {
    const status = event.payload?.$case === 'statusUpdate' ? event.payload.value.status : undefined
    if (status !== undefined && !RUNNING_STATES.has(status.state)) {
      await Promise.race([tasks.ended(name), abortOf(signal)])
      if (signal?.aborted === true) return
      const task = TERMINAL_STATES.has(status.state) ? await tasks.load(taskId, context) : undefined
      if (task !== undefined && stateOf(task) !== status.state)
        throw new CodedError('A2A_TASK_INTERRUPTED', { message: 'The end of the task could not be stored' })
    }
    yield event
  }
}

/** Resolves when the signal is aborted. */
async function abortOf(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal?.aborted === true) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}
