import { randomUUID } from 'node:crypto'
import { type Message, Role, type SendMessageRequest, type StreamResponse, type Task } from '@a2a-js/sdk'
import {
  type CallInterceptor,
  type Client,
  ClientFactory,
  ClientFactoryOptions,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client'

export type Binding = 'JSONRPC' | 'HTTP+JSON'

export const BINDINGS: readonly Binding[] = ['JSONRPC', 'HTTP+JSON']

/** The official client, unchanged, over one of the bindings, with a key where there is one. */
export async function openClient(url: string, binding: Binding, key?: string): Promise<Client> {
  const authorize: CallInterceptor = {
    before: async ({ options }) => {
      if (key !== undefined && options !== undefined)
        options.serviceParameters = { ...options.serviceParameters, Authorization: `Bearer ${key}` }
      await Promise.resolve()
    },
    after: async () => await Promise.resolve(),
  }
  const authorizedFetch: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers)
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
    return await fetch(input, { ...init, headers })
  }
  const transport =
    binding === 'JSONRPC'
      ? new JsonRpcTransportFactory({ fetchImpl: authorizedFetch })
      : new RestTransportFactory({ fetchImpl: authorizedFetch })
  const factory = new ClientFactory(
    ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
      transports: [transport],
      preferredTransports: [binding],
      clientConfig: { interceptors: [authorize] },
    }),
  )
  return await factory.createFromUrl(url)
}

/** A message of one text. */
export function messageOf(text: string, more: Partial<Message> = {}): Message {
  return {
    messageId: randomUUID(),
    contextId: '',
    taskId: '',
    role: Role.ROLE_USER,
    parts: [{ content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: 'text/plain' }],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
    ...more,
  }
}

export function sendOf(
  message: Message,
  configuration: Partial<NonNullable<SendMessageRequest['configuration']>> = {},
): SendMessageRequest {
  return {
    tenant: '',
    message,
    configuration: {
      acceptedOutputModes: [],
      taskPushNotificationConfig: undefined,
      returnImmediately: false,
      ...configuration,
    },
    metadata: undefined,
  }
}

/** The result as a task. Throws where it is a message. */
export function taskOf(result: Message | Task): Task {
  if ('messageId' in result) throw new Error('A message came back, not a task')
  return result
}

export function answerOf({ artifacts }: Task): string {
  return artifacts
    .flatMap(({ parts }) => parts.map(({ content }) => (content?.$case === 'text' ? content.value : '')))
    .join('')
}

export async function collect(events: AsyncIterable<StreamResponse>): Promise<readonly StreamResponse[]> {
  const all: StreamResponse[] = []
  for await (const event of events) all.push(event)
  return all
}

/** `WORKING`, `text`, `COMPLETED`: what a stream tells, in words. */
export function wordsOf(events: readonly StreamResponse[]): readonly string[] {
  return events.map(({ payload }) => {
    switch (payload?.$case) {
      case 'task':
        return `task ${payload.value.status?.state}`
      case 'statusUpdate':
        return `status ${payload.value.status?.state}`
      case 'artifactUpdate':
        return `artifact ${payload.value.append ? '+' : '='}`
      case 'message':
        return 'message'
      case undefined:
        return 'nothing'
    }
  })
}
