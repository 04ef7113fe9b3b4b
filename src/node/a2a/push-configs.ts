import { TaskPushNotificationConfig } from '@a2a-js/sdk'
import type { PushNotificationStore, ServerCallContext } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import type { AgentTaskName, AgentTaskStore } from '../../ports/agent-task-store.ts'
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
  readonly store: Pick<AgentTaskStore, 'notesOf' | 'editNotes'>
  readonly random: Pick<Random, 'bytes'>
  /** Judges an address before it is kept. Throws for one that is not to be told. */
  readonly admit: (url: string) => Promise<void>
  /** Tasks whose configurations are remembered, where reading them takes a way; whoever hears that others changed them calls `forget`. Default none. */
  readonly rememberedMax?: number
}

/**
 * Who is told of a task, noted beside it. What authenticates a notification is told to nobody again: it is in no answer.
 */
export class PushConfigs implements PushNotificationStore {
  readonly #components: PushConfigsComponents
  /** Oldest first. */
  readonly #remembered = new Map<string, readonly TaskPushNotificationConfig[]>()
  /** What is being read: where it was to be forgotten meanwhile it is not remembered. */
  readonly #reads = new Map<string, { isOld: boolean }>()

  constructor(components: PushConfigsComponents) {
    this.#components = components
  }

  /** Throws `A2A_PUSH_REFUSED` for an address that is not to be told, and for more than are kept. Gives the configuration an id where it has none. */
  async save(taskId: string, context: ServerCallContext, config: TaskPushNotificationConfig): Promise<void> {
    checkConfig(config)
    await this.#components.admit(config.url)
    if (config.id === '') config.id = Buffer.from(this.#components.random.bytes(12)).toString('hex')
    await this.#edit({ owner: ownerOf(context), id: taskId }, (configs) => {
      const kept = configs.filter(({ id }) => id !== config.id)
      if (kept.length >= CONFIGS_MAX) throw refused(`A task tells at most ${CONFIGS_MAX} addresses`)
      return [...kept, { ...config, taskId, tenant: '' }]
    })
  }

  /** Without what authenticates the notifications. */
  async load(taskId: string, context: ServerCallContext): Promise<TaskPushNotificationConfig[]> {
    const configs = await this.#read({ owner: ownerOf(context), id: taskId })
    return configs.map(withoutSecrets)
  }

  /** With everything, for who sends notifications. `mayBeOld`: as it was when it was last asked for. */
  async secretsOf(
    name: AgentTaskName,
    { mayBeOld }: { readonly mayBeOld: boolean },
  ): Promise<readonly TaskPushNotificationConfig[]> {
    const { rememberedMax = 0 } = this.#components
    const key = `${name.owner}/${name.id}`
    const remembered = mayBeOld ? this.#remembered.get(key) : undefined
    if (remembered !== undefined) return remembered
    const read = { isOld: false }
    this.#reads.set(key, read)
    const configs = await this.#read(name).finally(() => {
      if (this.#reads.get(key) === read) this.#reads.delete(key)
    })
    if (rememberedMax === 0 || read.isOld) return configs
    this.#remembered.set(key, configs)
    const [oldest] = this.#remembered.keys()
    if (oldest !== undefined && this.#remembered.size > rememberedMax) this.#remembered.delete(oldest)
    return configs
  }

  async delete(taskId: string, context: ServerCallContext, configId?: string): Promise<void> {
    await this.#edit({ owner: ownerOf(context), id: taskId }, (configs) =>
      configs.filter(({ id }) => configId !== undefined && id !== configId),
    )
  }

  /** What is remembered of a task, or of all, may not be so any more. */
  forget(name?: AgentTaskName): void {
    if (name === undefined) {
      for (const read of this.#reads.values()) read.isOld = true
      this.#remembered.clear()
      return
    }
    const key = `${name.owner}/${name.id}`
    const read = this.#reads.get(key)
    if (read !== undefined) read.isOld = true
    this.#remembered.delete(key)
  }

  async #read(name: AgentTaskName): Promise<TaskPushNotificationConfig[]> {
    return configsOf(ID.test(name.id) ? await this.#components.store.notesOf(name) : undefined)
  }

  async #edit(
    name: AgentTaskName,
    edit: (configs: readonly TaskPushNotificationConfig[]) => readonly TaskPushNotificationConfig[],
  ): Promise<void> {
    await this.#components.store.editNotes(name, (notes) => {
      const configs = edit(configsOf(notes))
      if (configs.length === 0) return undefined
      const text = JSON.stringify(configs.map((config) => TaskPushNotificationConfig.toJSON(config)))
      return new TextEncoder().encode(text)
    })
    this.forget(name)
  }
}

function configsOf(notes: Uint8Array | undefined): TaskPushNotificationConfig[] {
  if (notes === undefined) return []
  const list: unknown = JSON.parse(new TextDecoder().decode(notes))
  return Array.isArray(list) ? list.map((each) => TaskPushNotificationConfig.fromJSON(each)) : []
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
