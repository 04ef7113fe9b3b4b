import type { CancelTaskRequest, Task } from '@a2a-js/sdk'
import type { DefaultExecutionEventBusManager, DefaultRequestHandler, ServerCallContext } from '@a2a-js/sdk/server'
import { ownerOf } from './call-context.ts'
import type { PushSender } from './push-sender.ts'
import type { SkillExecutor } from './skill-executor.ts'
import { hasEnded, type StoredTasks } from './stored-tasks.ts'

export type TaskCancelsComponents = {
  readonly tasks: Pick<StoredTasks, 'load'>
  readonly executor: Pick<SkillExecutor, 'beginCancel' | 'endCancel'>
  readonly sender: Pick<PushSender, 'send'>
  readonly buses: DefaultExecutionEventBusManager
  readonly inner: Pick<DefaultRequestHandler, 'cancelTask'>
}

/** Tasks that are being cancelled: each once, however often somebody asks. */
export class TaskCancels {
  readonly #components: TaskCancelsComponents
  /** By owner and id. */
  readonly #underWay = new Map<string, Promise<Task>>()

  constructor(components: TaskCancelsComponents) {
    this.#components = components
  }

  /** A task of the caller is being cancelled, and takes no message. */
  isUnderWay(taskId: string, context: ServerCallContext): boolean {
    return this.#underWay.has(placeOf(taskId, context))
  }

  /** Throws what the library throws: `TaskNotFoundError`, `TaskNotCancelableError`. */
  async cancel(params: CancelTaskRequest, context: ServerCallContext): Promise<Task> {
    const place = placeOf(params.id, context)
    // Whoever cancels it once more meanwhile hears the same.
    const canceling = this.#underWay.get(place) ?? this.#cancel(params, context)
    this.#underWay.set(place, canceling)
    try {
      return structuredClone(await canceling)
    } finally {
      this.#underWay.delete(place)
    }
  }

  async #cancel(params: CancelTaskRequest, context: ServerCallContext): Promise<Task> {
    const { executor, tasks } = this.#components
    const { id } = params
    const known = await tasks.load(id, context)
    try {
      const isAsked = known !== undefined && !hasEnded(known) && (await executor.beginCancel(known))
      return await this.#tell(params, context, isAsked)
    } finally {
      executor.endCancel(id)
    }
  }

  /** A skill that has a say tells what became of the task, also where nobody worked on it since the start. */
  async #tell(params: CancelTaskRequest, context: ServerCallContext, isAsked: boolean): Promise<Task> {
    const { buses, inner, sender } = this.#components
    const { id } = params
    const before = buses.getByTaskId(id, context)
    const bus = before ?? (isAsked ? buses.createOrGetByTaskId(id, context) : undefined)
    let isDone = false
    try {
      const task = await inner.cancelTask(params, context)
      isDone = true
      // Of a task that nobody worked on since the start the library tells nobody.
      if (bus === undefined) await sender.send({ payload: { $case: 'task', value: task } }, context)
      bus?.finished()
      return task
    } finally {
      // The events of a task that goes on have somebody who reads them.
      if (isDone || before === undefined) buses.cleanupByTaskId(id, context)
    }
  }
}

function placeOf(taskId: string, context: ServerCallContext): string {
  return `${ownerOf(context)}/${taskId}`
}
