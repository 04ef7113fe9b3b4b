import { A2A_CONTENT_TYPE, A2A_PROTOCOL_VERSION, StreamResponse, type TaskPushNotificationConfig } from '@a2a-js/sdk'
import type { PushNotificationSender, ServerCallContext } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import type { OutboundFetch } from '../../ports/outbound-fetch.ts'
import type { Timers } from '../../ports/timers.ts'
import { ownerOf } from './call-context.ts'
import type { PushConfigs } from './push-configs.ts'

export type PushSenderComponents = {
  readonly configs: Pick<PushConfigs, 'secretsOf'>
  readonly timers: Timers
  /** The way out for an address; it judges the address anew with each request. Throws for one that is not to be told. */
  readonly wayTo: (url: string) => OutboundFetch
  /** Told of notifications that were given up. */
  readonly onError: (error: unknown) => void
}

/** Notifications that wait for one address; a receiver that is so far behind is not told of the oldest. */
const WAITING_MAX = 64
/** Addresses that are told at one time. */
const ADDRESSES_MAX = 256
const ATTEMPTS_MAX = 3
const PAUSES_MS = [500, 3_000]
const TIMEOUT_MS = 10_000
const ANSWER_BYTES_MAX = 65_536
/** Header of a configuration's token, as A2A names it. */
const TOKEN_HEADER = 'x-a2a-notification-token'

type Notification = { readonly config: TaskPushNotificationConfig; readonly body: string }

/**
 * Tells of what becomes of tasks, in order for each address: a notification is tried three times at most, with a pause in between, and never holds the task up.
 */
export class PushSender implements PushNotificationSender {
  readonly #components: PushSenderComponents
  readonly #queues = new Map<string, Notification[]>()
  /** What is being looked up for each task: one event after the other. */
  readonly #looking = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()
  #droppedCount = 0

  constructor(components: PushSenderComponents) {
    this.#components = components
  }

  /** Notifications that nobody was told of, since the start. */
  get droppedCount(): number {
    return this.#droppedCount
  }

  async send(event: StreamResponse, context: ServerCallContext): Promise<void> {
    const taskId = taskIdOf(event)
    if (taskId === undefined || this.#stopping.signal.aborted) return
    const owner = ownerOf(context)
    const task = `${owner}/${taskId}`
    const before = this.#looking.get(task)
    const looking = (async (): Promise<void> => {
      // The one before may fail, and is told to who sent it.
      await before?.catch(() => undefined)
      // Pieces of an answer come many at a time: for them it is as it was a moment ago.
      const mayBeOld = event.payload?.$case === 'artifactUpdate'
      const configs = await this.#components.configs.secretsOf({ owner, id: taskId }, { mayBeOld })
      if (configs.length === 0 || this.#stopping.signal.aborted) return
      const body = JSON.stringify(StreamResponse.toJSON(event))
      for (const config of configs) this.#enqueue(`${task}/${config.id}`, { config, body })
    })()
    this.#looking.set(task, looking)
    try {
      await looking
    } finally {
      if (this.#looking.get(task) === looking) this.#looking.delete(task)
    }
  }

  /** Gives up what waits. */
  stop(): void {
    this.#stopping.abort(new CodedError('A2A_NOT_OPEN', { message: 'The node is closed' }))
    this.#queues.clear()
  }

  #enqueue(key: string, notification: Notification): void {
    const queue = this.#queues.get(key)
    if (queue !== undefined) {
      if (queue.length >= WAITING_MAX) {
        queue.splice(1, 1)
        this.#droppedCount += 1
      }
      queue.push(notification)
      return
    }
    if (this.#queues.size >= ADDRESSES_MAX) {
      this.#droppedCount += 1
      return
    }
    this.#queues.set(key, [notification])
    // It rejects never: what fails is told to `onError`.
    this.#drain(key).catch(this.#components.onError)
  }

  /** The first of a queue is the one that is being sent. */
  async #drain(key: string): Promise<void> {
    for (;;) {
      const next = this.#queues.get(key)?.[0]
      if (next === undefined) break
      await this.#deliver(next)
      this.#queues.get(key)?.shift()
    }
    this.#queues.delete(key)
  }

  async #deliver(notification: Notification): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#post(notification)
        return
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        const isFinal = attempt >= ATTEMPTS_MAX || (CodedError.is(error) && !error.isRetryable)
        if (isFinal) {
          this.#droppedCount += 1
          this.#components.onError(error)
          return
        }
        await this.#pause(PAUSES_MS[attempt - 1] ?? 0)
      }
    }
  }

  async #post({ config, body }: Notification): Promise<void> {
    const response = await this.#components.wayTo(config.url).request({
      url: config.url,
      method: 'POST',
      headers: headersOf(config),
      body,
      headersTimeoutMs: TIMEOUT_MS,
      idleTimeoutMs: TIMEOUT_MS,
      responseBytesMax: ANSWER_BYTES_MAX,
      signal: this.#stopping.signal,
    })
    const { status } = response
    response.release()
    if (status >= 200 && status < 300) return
    throw new CodedError('OUTBOUND_UNREACHABLE', {
      message: `A receiver of notifications answered ${status}`,
      details: { status },
      isRetryable: status >= 500 || status === 429 || status === 408,
    })
  }

  async #pause(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => this.#components.timers.schedule(delayMs, resolve))
  }
}

function headersOf({ token, authentication }: TaskPushNotificationConfig): Record<string, string> {
  return {
    'content-type': A2A_CONTENT_TYPE,
    'a2a-version': A2A_PROTOCOL_VERSION,
    ...(token !== '' && { [TOKEN_HEADER]: token }),
    ...(authentication !== undefined && {
      authorization: `${authentication.scheme} ${authentication.credentials}`.trim(),
    }),
  }
}

function taskIdOf({ payload }: StreamResponse): string | undefined {
  switch (payload?.$case) {
    case 'task':
      return payload.value.id
    case 'statusUpdate':
    case 'artifactUpdate':
      return payload.value.taskId
    case 'message':
      return payload.value.taskId === '' ? undefined : payload.value.taskId
    case undefined:
      return undefined
  }
}
