import type { CancelTaskRequest, Task } from '@a2a-js/sdk'
import { TaskNotCancelableError } from '@a2a-js/sdk/errors'
import type { DefaultExecutionEventBusManager, DefaultRequestHandler, ServerCallContext } from '@a2a-js/sdk/server'
import { ownerOf } from './call-context.ts'
import type { FleetTasks } from './fleet/fleet-tasks.ts'
import type { PushSender } from './push-sender.ts'
import type { SkillExecutor } from './skill-executor.ts'
import { hasEnded, type HeldTask, type StoredTasks } from './stored-tasks.ts'

export type TaskCancelsComponents = {
  readonly tasks: Pick<StoredTasks, 'load' | 'hold' | 'letGo' | 'isHeld'>
  readonly executor: Pick<SkillExecutor, 'beginCancel' | 'endCancel'>
  readonly sender: Pick<PushSender, 'send'>
  readonly buses: DefaultExecutionEventBusManager
  readonly inner: Pick<DefaultRequestHandler, 'cancelTask'>
  /** The other gateways, where there are some. */
  readonly fleet?: Pick<FleetTasks, 'cancelElsewhere'>
}

/** Times that it looks whose a task is while that changes. */
const REACHES_MAX = 3

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
    const { known, held } = await this.#reach(id, context)
    try {
      const isAsked = known !== undefined && !hasEnded(known) && (await executor.beginCancel(known))
      return await this.#tell(params, context, isAsked)
    } finally {
      executor.endCancel(id)
      if (held !== undefined) await tasks.letGo(held)
    }
  }

  /** The task for this process to cancel; where another gateway worked on it, as that has ended it. */
  async #reach(
    id: string,
    context: ServerCallContext,
  ): Promise<{ readonly known: Task | undefined; readonly held?: HeldTask }> {
    const { tasks, fleet } = this.#components
    const name = { owner: ownerOf(context), id }
    for (let reaches = 0; reaches < REACHES_MAX; reaches += 1) {
      const known = await tasks.load(id, context)
      if (known === undefined || hasEnded(known) || tasks.isHeld(name)) return { known }
      if ((await fleet?.cancelElsewhere(name)) === true) continue
      const held = await tasks.hold(name, known)
      if (held !== undefined) return { known, held }
    }
    throw new TaskNotCancelableError(`The task ${id} is changing hands; ask again`)
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
