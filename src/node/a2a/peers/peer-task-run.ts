import { randomUUID } from 'node:crypto'
import { type Message, Role, type SendMessageRequest, type StreamResponse, type Task, TaskState } from '@a2a-js/sdk'
import { type Client, type RequestOptions, ServiceParameters, withA2AExtensions } from '@a2a-js/sdk/client'
import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import type { AgentPayer, AgentPeerAnswer, AgentPeerState, AgentPeerTask } from '../../../ports/agent-peers.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Timers } from '../../../ports/timers.ts'
import { stateOf, textOf, textPart } from '../filed-task.ts'
import { memberOf } from '../plain-json.ts'

export type PeerTaskRunInit = {
  readonly client: Client
  /** Follow the task as it goes on. */
  readonly isStreaming: boolean
  readonly answerBytesMax: number
  readonly timers: Timers
  readonly clock: Pick<Clock, 'timeoutSignal'>
  /** Extension that is used, where something may be paid. */
  readonly extension?: string
  /** Gives up what was paid, where the task is cancelled. */
  readonly payer?: Pick<AgentPayer, 'giveUp'>
}

export type PeerTaskEnd = Omit<AgentPeerAnswer, 'peer' | 'label' | 'paid'> & {
  /** What stands under the extension in the metadata of the task, unread. */
  readonly extended?: unknown
  readonly artifacts?: Task['artifacts']
  /** What the peer says that the task failed with. */
  readonly code?: string
}

type RunOptions = { readonly signal: AbortSignal; readonly onText: ((text: string) => void) | undefined }

const LOOK_AGAIN_MS = 1_000
const CANCEL_MS = 5_000
/** A peer that is paid asks the payer and its notary set first. */
const CANCEL_PAID_MS = 15_000

const STATES: ReadonlyMap<TaskState, AgentPeerState> = new Map([
  [TaskState.TASK_STATE_COMPLETED, 'completed'],
  [TaskState.TASK_STATE_FAILED, 'failed'],
  [TaskState.TASK_STATE_CANCELED, 'canceled'],
  [TaskState.TASK_STATE_REJECTED, 'rejected'],
  [TaskState.TASK_STATE_INPUT_REQUIRED, 'input-required'],
  [TaskState.TASK_STATE_AUTH_REQUIRED, 'auth-required'],
])

/** One task at a peer, from the message to its end. */
export class PeerTaskRun {
  readonly #init: PeerTaskRunInit
  #taskId: string | undefined

  constructor(init: PeerTaskRunInit) {
    this.#init = init
  }

  /** Throws what the library throws, `A2A_ANSWER_TOO_LARGE`, and the signal's reason; the task is then cancelled at the peer. */
  async run(task: AgentPeerTask & { readonly shown?: JsonValue }, options: RunOptions): Promise<PeerTaskEnd> {
    this.#taskId = task.taskId
    try {
      const sent = await this.#send(requestOf(task, this.#init.extension), options)
      if ('messageId' in sent)
        return this.#bounded({ state: 'completed', text: textOf(sent.parts), ...contextOf(sent) })
      this.#taskId = sent.id
      return this.#bounded(endOf(await this.#ended(sent, options.signal), this.#init.extension))
    } catch (error) {
      // What is paid is delivered over the market, also where the peer breaks off here.
      if (task.shown === undefined || options.signal.aborted) await this.cancel()
      throw error
    }
  }

  /** Nobody waits for the task any more; a peer that does not hear goes on for itself. What was paid is given up first, so that the peer finds the payer's signature. */
  async cancel(taskId = this.#taskId): Promise<void> {
    if (taskId === undefined) return
    const { client, clock, payer } = this.#init
    await payer?.giveUp()
    const signal = clock.timeoutSignal(payer === undefined ? CANCEL_MS : CANCEL_PAID_MS)
    await client.cancelTask({ tenant: '', id: taskId, metadata: undefined }, { signal }).catch(() => undefined)
    // By now a seller that did not ask for it has signed as well.
    await payer?.giveUp()
  }

  async #send(request: SendMessageRequest, { signal, onText }: RunOptions): Promise<Message | Task> {
    const { client, isStreaming, extension } = this.#init
    const asking = { signal, ...(extension !== undefined && extensionsOf(extension)) }
    if (!isStreaming) return await client.sendMessage(request, asking)
    let direct: Message | undefined
    for await (const event of client.sendMessageStream(request, asking)) {
      if (event.payload?.$case === 'message') direct = event.payload.value
      this.#taskId = taskIdOf(event) ?? this.#taskId
      const text = textIn(event)
      if (text !== '') onText?.(text)
    }
    if (direct !== undefined) return direct
    if (this.#taskId === undefined) throw new Error('the stream ended without a task')
    // The stream may have been cut; what the task has become is asked for.
    return await client.getTask({ tenant: '', id: this.#taskId }, { signal })
  }

  async #ended(task: Task, signal: AbortSignal): Promise<Task> {
    let latest = task
    while (!STATES.has(stateOf(latest))) {
      await this.#pause(signal)
      latest = await this.#init.client.getTask({ tenant: '', id: task.id }, { signal })
    }
    return latest
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = this.#init.timers.schedule(LOOK_AGAIN_MS, resolve)
      const leave = (): void => {
        timer.cancel()
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #bounded(end: PeerTaskEnd): PeerTaskEnd {
    const { answerBytesMax } = this.#init
    if (Buffer.byteLength(end.text) <= answerBytesMax) return end
    throw new CodedError('A2A_ANSWER_TOO_LARGE', { message: `The peer answered more than ${answerBytesMax} bytes` })
  }
}

function extensionsOf(uri: string): Pick<RequestOptions, 'serviceParameters'> {
  return { serviceParameters: ServiceParameters.create(withA2AExtensions(uri)) }
}

function requestOf(
  { text, skill, contextId = '', taskId = '', shown }: AgentPeerTask & { readonly shown?: JsonValue },
  extension: string | undefined,
): SendMessageRequest {
  const metadata = {
    ...(skill !== undefined && { skill }),
    ...(extension !== undefined && shown !== undefined && { [extension]: shown }),
  }
  const message: Message = {
    messageId: randomUUID(),
    contextId,
    taskId,
    role: Role.ROLE_USER,
    parts: [textPart(text)],
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
    extensions: extension === undefined ? [] : [extension],
    referenceTaskIds: [],
  }
  const configuration = {
    acceptedOutputModes: ['text/plain'],
    taskPushNotificationConfig: undefined,
    returnImmediately: false,
  }
  return { tenant: '', message, configuration, metadata: undefined }
}

function endOf(task: Task, extension: string | undefined): PeerTaskEnd {
  const state = STATES.get(stateOf(task)) ?? 'failed'
  const made = task.artifacts.map(({ parts }) => textOf(parts)).filter((text) => text !== '')
  const said = textOf(task.status?.message?.parts ?? [])
  const text = made.length > 0 && state === 'completed' ? made.join('\n') : [...made, said].filter(Boolean).join('\n')
  const end = { state, text, taskId: task.id, ...contextOf(task) }
  if (extension === undefined) return end
  const code = memberOf(task.metadata, 'code')
  return {
    ...end,
    extended: memberOf(task.metadata, extension),
    artifacts: task.artifacts,
    ...(typeof code === 'string' && { code }),
  }
}

function contextOf({ contextId }: Pick<Task, 'contextId'>): Pick<PeerTaskEnd, 'contextId'> {
  return contextId === '' ? {} : { contextId }
}

function taskIdOf({ payload }: StreamResponse): string | undefined {
  if (payload?.$case === 'task') return payload.value.id
  return payload?.$case === 'statusUpdate' || payload?.$case === 'artifactUpdate' ? payload.value.taskId : undefined
}

function textIn({ payload }: StreamResponse): string {
  if (payload?.$case === 'artifactUpdate') return textOf(payload.value.artifact?.parts ?? [])
  return payload?.$case === 'message' ? textOf(payload.value.parts) : ''
}
