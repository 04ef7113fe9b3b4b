import type {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk'
import {
  ExtensionSupportRequiredError,
  RequestMalformedError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors'
import {
  type A2ARequestHandler,
  DefaultExecutionEventBusManager,
  DefaultRequestHandler,
  type ServerCallContext,
} from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import { parseTaskId } from '../../base/identifiers.ts'
import type { AgentTaskName } from '../../ports/agent-task-store.ts'
import type { TelemetryPurge } from '../../telemetry/telemetry-purge.ts'
import { toA2aError } from './a2a-failure.ts'
import { ownContextOf, ownerOf } from './call-context.ts'
import { EventFeed } from './event-feed.ts'
import type { FleetTasks } from './fleet/fleet-tasks.ts'
import { endsOnceStored } from './ends-once-stored.ts'
import { followTask } from './fleet/follow-task.ts'
import { checkMessage } from './prompt-of.ts'
import { type PushConfigs, withoutSecrets } from './push-configs.ts'
import type { PushSender } from './push-sender.ts'
import type { SkillExecutor } from './skill-executor.ts'
import { hasEnded, type HeldTask, isRunning, type StoredTasks } from './stored-tasks.ts'
import { TaskCancels } from './task-cancels.ts'

export type TaskHandlerComponents = {
  readonly tasks: StoredTasks
  readonly configs: PushConfigs
  readonly sender: PushSender
  readonly executor: SkillExecutor
  /** The card without signature: what it declares is what the handler does. */
  readonly card: AgentCard
  readonly extendedCard: (context: ServerCallContext) => Promise<AgentCard>
  /** The other gateways, where there are some. */
  readonly fleet?: FleetTasks
}

/** A message that may be worked on, and the task that it goes on with. */
type Admitted = { readonly request: SendMessageRequest; readonly held: HeldTask | undefined }

export type TaskHandlerInit = {
  /** Tasks that run at one time, of all tenants. */
  readonly runningMax: number
}

/**
 * The operations of A2A over the library's handler. What this adds: limits, before anything is done; whoever listens to a task may leave without its end being lost; a
 * task that runs takes no second message; and every failure is one that a client can read.
 */
export class TaskHandler implements A2ARequestHandler {
  readonly #components: TaskHandlerComponents
  readonly #init: TaskHandlerInit
  readonly #buses = new DefaultExecutionEventBusManager()
  readonly #inner: DefaultRequestHandler
  readonly #cancels: TaskCancels
  #isStopped = false
  /** What the library is at: each ends when all events of a turn are stored. */
  readonly #pending = new Set<Promise<unknown>>()
  /** Tasks that were let in and do not run yet. */
  #startingCount = 0

  constructor(components: TaskHandlerComponents, init: TaskHandlerInit) {
    const { card, tasks, executor, configs, sender, fleet } = components
    this.#components = components
    this.#init = init
    this.#inner = new DefaultRequestHandler(card, tasks, executor, this.#buses, configs, sender)
    const inner = this.#inner
    this.#cancels = new TaskCancels({ tasks, executor, sender, buses: this.#buses, inner, ...(fleet && { fleet }) })
  }

  async getAgentCard(): Promise<AgentCard> {
    return await Promise.resolve(this.#components.card)
  }

  async getAuthenticatedExtendedAgentCard(
    _params: GetExtendedAgentCardRequest,
    context: ServerCallContext,
  ): Promise<AgentCard> {
    return await this.#components.extendedCard(context)
  }

  async sendMessage(params: SendMessageRequest, context: ServerCallContext): Promise<Message | Task> {
    return await told(async () => {
      const admitted = await this.#admit(params, context)
      const { request, held } = admitted
      if (request.configuration?.returnImmediately === true) return await this.#begin(admitted, context)
      return await this.#starting(async () => await this.#inner.sendMessage(request, context), held)
    })
  }

  async *sendMessageStream(
    params: SendMessageRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const { request, held } = await told(async () => await this.#admit(params, context))
    yield* this.#followed(this.#inner.sendMessageStream(request, context), held)
  }

  async getTask(params: GetTaskRequest, context: ServerCallContext): Promise<Task> {
    return await told(async () => {
      requireOwnTenant(params, context)
      return await this.#inner.getTask(params, context)
    })
  }

  async listTasks(params: ListTasksRequest, context: ServerCallContext): Promise<ListTasksResponse> {
    return await told(async () => {
      requireOwnTenant(params, context)
      return await this.#inner.listTasks(params, context)
    })
  }

  async cancelTask(params: CancelTaskRequest, context: ServerCallContext): Promise<Task> {
    return await told(async () => {
      requireOwnTenant(params, context)
      return await this.#cancels.cancel(params, context)
    })
  }

  async createTaskPushNotificationConfig(
    params: TaskPushNotificationConfig,
    context: ServerCallContext,
  ): Promise<TaskPushNotificationConfig> {
    return await told(async () => {
      requireOwnTenant(params, context)
      return withoutSecrets(await this.#inner.createTaskPushNotificationConfig(params, context))
    })
  }

  async getTaskPushNotificationConfig(
    params: GetTaskPushNotificationConfigRequest,
    context: ServerCallContext,
  ): Promise<TaskPushNotificationConfig> {
    return await told(async () => {
      requireOwnTenant(params, context)
      return await this.#inner.getTaskPushNotificationConfig(params, context)
    })
  }

  async listTaskPushNotificationConfigs(
    params: ListTaskPushNotificationConfigsRequest,
    context: ServerCallContext,
  ): Promise<ListTaskPushNotificationConfigsResponse> {
    return await told(async () => {
      requireOwnTenant(params, context)
      return await this.#inner.listTaskPushNotificationConfigs(params, context)
    })
  }

  async deleteTaskPushNotificationConfig(
    params: DeleteTaskPushNotificationConfigRequest,
    context: ServerCallContext,
  ): Promise<void> {
    await told(async () => {
      requireOwnTenant(params, context)
      await this.#inner.deleteTaskPushNotificationConfig(params, context)
    })
  }

  async *resubscribe(
    params: SubscribeToTaskRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    try {
      requireOwnTenant(params, context)
      yield* this.#eventsOf(params, context)
    } catch (error) {
      throw toA2aError(error)
    }
  }

  /** Cancels a task for another gateway, on which this one works. Throws as `cancelTask`, in the library's words. */
  async cancelFor({ owner, id }: AgentTaskName): Promise<void> {
    await this.#cancels.cancel({ tenant: '', id, metadata: undefined }, ownContextOf(owner))
  }

  /** Lets go of a task that is gone. */
  forget({ owner, id }: AgentTaskName): void {
    this.#components.executor.forget(id)
    const context = ownContextOf(owner)
    this.#buses.getByTaskId(id, context)?.finished()
    this.#buses.cleanupByTaskId(id, context)
  }

  /** Takes no more, and ends what runs; resolves when all of it is stored. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.endAll({ kind: 'all' })
    // The library stores what was told a while after it was told.
    await Promise.allSettled(this.#pending)
    this.#components.sender.stop()
  }

  /** Ends what runs for a tenant, or all; resolves when its end is stored. What is chosen by its date has ended already. */
  async endAll(what: TelemetryPurge): Promise<void> {
    if (what.kind === 'before') return
    const { executor, tasks } = this.#components
    const ended = executor.stop(what.kind === 'tenant' ? what.tenant : undefined)
    await Promise.all(ended.map(async (name) => await tasks.ended(name)))
  }

  #eventsOf(params: SubscribeToTaskRequest, context: ServerCallContext): AsyncGenerator<StreamResponse> {
    const { fleet, executor, tasks } = this.#components
    const { id: taskId } = params
    if (fleet !== undefined && !executor.isRunning(taskId)) return followTask({ tasks, fleet }, taskId, context)
    return endsOnceStored(tasks, this.#inner.resubscribe(params, context), { taskId, context })
  }

  /** Checks what can be checked before anything is done. @returns The request, without references to tasks that the caller has not. */
  async #admit(params: SendMessageRequest, context: ServerCallContext): Promise<Admitted> {
    if (this.#isStopped) throw new CodedError('A2A_NOT_OPEN', { message: 'The node is closed' })
    const { message } = params
    requireOwnTenant(params, context)
    if (message === undefined) throw new RequestMalformedError('message is required')
    if (message.messageId === '') throw new RequestMalformedError('message.messageId is required')
    checkMessage(message)
    const { tasks, executor } = this.#components
    activate(executor.skillOf(message)?.requiredExtension, context)
    if (message.taskId === '') await tasks.admit(ownerOf(context))
    const open = message.taskId === '' ? undefined : await this.#requireIdle(message.taskId, context)
    const runningCount = executor.runningCount + this.#startingCount
    if (runningCount >= this.#init.runningMax)
      throw new CodedError('A2A_TASKS_FULL', { message: `${runningCount} tasks are being worked on` })
    const references = await this.#knownReferences(message, context)
    const request = { ...params, message: { ...message, referenceTaskIds: references } }
    if (open === undefined) return { request, held: undefined }
    const held = await tasks.hold({ owner: ownerOf(context), id: open.id }, open)
    // Somebody else was faster.
    if (held === undefined) throw busy(open)
    return { request, held }
  }

  /** A task that is being worked on takes no further message: two turns of one task would write over each other. @returns The task, unless it has ended. */
  async #requireIdle(taskId: string, context: ServerCallContext): Promise<Task | undefined> {
    const task = await this.#components.tasks.load(taskId, context)
    if (task === undefined) throw new TaskNotFoundError(`There is no task ${shown(taskId)}`)
    if (this.#cancels.isUnderWay(taskId, context))
      throw new UnsupportedOperationError(`The task ${task.id} is being cancelled`)
    if (isRunning(task)) throw busy(task)
    return hasEnded(task) ? undefined : task
  }

  async #knownReferences({ referenceTaskIds }: Message, context: ServerCallContext): Promise<string[]> {
    const known: string[] = []
    for (const id of referenceTaskIds)
      if ((await this.#components.tasks.load(id, context)) !== undefined) known.push(id)
    return known
  }

  async #starting<Result>(work: () => Promise<Result>, held: HeldTask | undefined): Promise<Result> {
    this.#startingCount += 1
    // From the next turn on it counts among those that run.
    setImmediate(() => {
      this.#startingCount -= 1
    })
    const working = work()
    this.#pending.add(working)
    try {
      return await working
    } finally {
      this.#pending.delete(working)
      // What kept it from beginning keeps nobody from another try.
      if (held !== undefined) await this.#components.tasks.letGo(held)
    }
  }

  /** The task as it is when it begins; it goes on by itself. */
  async #begin({ request, held }: Admitted, context: ServerCallContext): Promise<Message | Task> {
    const source = this.#inner.sendMessageStream(request, context)
    for await (const { payload } of this.#followed(source, held))
      if (payload?.$case === 'task' || payload?.$case === 'message') return payload.value
    throw new CodedError('INTERNAL_ERROR', { message: 'A task ended before it began' })
  }

  /** Reads a stream of the library to its end, whether somebody listens or not: it is what stores the events. */
  #followed(
    source: AsyncGenerator<StreamResponse, void, undefined>,
    held: HeldTask | undefined,
  ): AsyncIterable<StreamResponse> {
    const feed = new EventFeed<StreamResponse>()
    const follow = async (): Promise<void> => {
      try {
        for await (const event of source) feed.push(event)
        feed.end()
      } catch (error) {
        feed.fail(toA2aError(error))
      }
    }
    this.#starting(follow, held).catch((error: unknown) => feed.fail(error))
    return feed
  }
}

function busy(task: Task): UnsupportedOperationError {
  return new UnsupportedOperationError(
    `The task ${task.id} is being worked on; send the message when it has ended or asks for input`,
  )
}

/** Says that an extension is used. Throws `ExtensionSupportRequiredError` where the caller does not know it. */
function activate(extension: string | undefined, context: ServerCallContext): void {
  if (extension === undefined) return
  if (context.requestedExtensions?.includes(extension) !== true)
    throw new ExtensionSupportRequiredError(`This skill needs the extension ${extension}; name it in A2A-Extensions`)
  context.addActivatedExtension(extension)
}

/** Runs an operation; what it throws is told in A2A's words. */
async function told<Result>(operation: () => Promise<Result>): Promise<Result> {
  try {
    return await operation()
  } catch (error) {
    throw toA2aError(error)
  }
}

/** Whose tasks are meant is said by the key alone: a name in the request could only be the same, or somebody else's. */
function requireOwnTenant({ tenant }: { readonly tenant: string }, context: ServerCallContext): void {
  if (tenant === '' && (context.tenant ?? '') === '') return
  throw new RequestMalformedError('This node takes the tenant from the key; leave `tenant` out')
}

function shown(id: string): string {
  return parseTaskId(id) ?? 'of that id'
}
