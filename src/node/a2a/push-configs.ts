import { TaskPushNotificationConfig } from '@a2a-js/sdk'
import type { PushNotificationStore, ServerCallContext } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import { ownerOf } from './call-context.ts'

/** Addresses that one task tells. */
const CONFIGS_MAX = 8
const URL_LENGTH_MAX = 2_048
const SECRET_LENGTH_MAX = 4_096
const ID = /^[A-Za-z0-9._:-]{1,128}$/
/** What may stand in a header. */
const HEADER_TEXT = /^[\x20-\x7e]*$/
const SCHEME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/

export type PushConfigsComponents = {
  readonly store: KeyValueStore
  readonly random: Pick<Random, 'bytes'>
  /** Judges an address before it is kept. Throws for one that is not to be told. */
  readonly admit: (url: string) => Promise<void>
}

/**
 * Who is told of a task, in the node's store. What authenticates a notification is told to nobody again: it is in no answer.
 */
export class PushConfigs implements PushNotificationStore {
  readonly #store: KeyValueStore
  readonly #components: PushConfigsComponents

  constructor(components: PushConfigsComponents) {
    this.#store = components.store.sublevel('push')
    this.#components = components
  }

  /** Throws `A2A_PUSH_REFUSED` for an address that is not to be told, and for more than are kept. Gives the configuration an id where it has none. */
  async save(taskId: string, context: ServerCallContext, config: TaskPushNotificationConfig): Promise<void> {
    checkConfig(config)
    await this.#components.admit(config.url)
    if (config.id === '') config.id = Buffer.from(this.#components.random.bytes(12)).toString('hex')
    const kept = (await this.secretsOf(ownerOf(context), taskId)).filter(({ id }) => id !== config.id)
    if (kept.length >= CONFIGS_MAX) throw refused(`A task tells at most ${CONFIGS_MAX} addresses`)
    await this.#write(ownerOf(context), taskId, [...kept, { ...config, taskId, tenant: '' }])
  }

  /** Without what authenticates the notifications. */
  async load(taskId: string, context: ServerCallContext): Promise<TaskPushNotificationConfig[]> {
    const configs = await this.secretsOf(ownerOf(context), taskId)
    return configs.map(withoutSecrets)
  }

  /** With everything, for who sends notifications. */
  async secretsOf(owner: string, taskId: string): Promise<TaskPushNotificationConfig[]> {
    const bytes = ID.test(taskId) ? await this.#store.get(keyOf(owner, taskId)) : undefined
    if (bytes === undefined) return []
    const list: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return Array.isArray(list) ? list.map((each) => TaskPushNotificationConfig.fromJSON(each)) : []
  }

  async delete(taskId: string, context: ServerCallContext, configId?: string): Promise<void> {
    const owner = ownerOf(context)
    const kept = (await this.secretsOf(owner, taskId)).filter(({ id }) => configId !== undefined && id !== configId)
    await this.#write(owner, taskId, kept)
  }

  /** Forgets all of a task that is gone. */
  async erase(owner: string, taskId: string): Promise<void> {
    await this.#store.delete(keyOf(owner, taskId), { sync: true })
  }

  async #write(owner: string, taskId: string, configs: readonly TaskPushNotificationConfig[]): Promise<void> {
    if (configs.length === 0) return await this.erase(owner, taskId)
    const text = JSON.stringify(configs.map((config) => TaskPushNotificationConfig.toJSON(config)))
    await this.#store.put(keyOf(owner, taskId), new TextEncoder().encode(text), { sync: true })
  }
}

export function withoutSecrets(config: TaskPushNotificationConfig): TaskPushNotificationConfig {
  const { authentication } = config
  return {
    ...config,
    token: '',
    authentication: authentication === undefined ? undefined : { scheme: authentication.scheme, credentials: '' },
  }
}

function checkConfig({ id, url, token, authentication }: TaskPushNotificationConfig): void {
  if (id !== '' && !ID.test(id)) throw refused('The id of a configuration has 1 to 128 of A-Z a-z 0-9 . _ : -')
  if (url === '' || url.length > URL_LENGTH_MAX) throw refused(`url has 1 to ${URL_LENGTH_MAX} characters`)
  if (!isHeaderText(token)) throw refused('token is no text for a header')
  if (authentication === undefined) return
  if (!SCHEME.test(authentication.scheme)) throw refused('authentication.scheme is none of HTTP')
  if (!isHeaderText(authentication.credentials)) throw refused('authentication.credentials is no text for a header')
}

function isHeaderText(text: string): boolean {
  return text.length <= SECRET_LENGTH_MAX && HEADER_TEXT.test(text)
}

function refused(message: string): CodedError {
  return new CodedError('A2A_PUSH_REFUSED', { message })
}

function keyOf(owner: string, taskId: string): string {
  return `${owner}/${taskId}`
}
