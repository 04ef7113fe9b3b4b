import { CodedError } from '../../../base/errors.ts'
import { hexOfBytes } from '../../../base/hex.ts'
import type { AgentTaskName } from '../../../ports/agent-task-store.ts'
import type { Claim, Claims } from '../../../ports/claims.ts'
import type { Random } from '../../../ports/random.ts'

export type TaskWorkerComponents = { readonly claims: Claims; readonly random: Pick<Random, 'bytes'> }

type Member = { readonly name: string; readonly claim: Claim }

/**
 * This process as one that works on tasks, under a name that it claims: while the claim lasts it is alive for the others. One that loses the claim goes on under another
 * name, and what it held under the old one is for whoever takes it.
 */
export class TaskWorker {
  readonly #components: TaskWorkerComponents
  readonly #listeners = new Set<(reason: unknown) => void>()
  /** Under which name each task is held. */
  readonly #held = new Map<string, string>()
  #member: Member | undefined
  #joining: Promise<Member> | undefined
  #isClosed = false

  constructor(components: TaskWorkerComponents) {
    this.#components = components
  }

  /** The present name; empty where there is none. */
  get name(): string {
    return this.#member?.name ?? ''
  }

  /** Holds a task, before anything of it is written. @returns Under which name. Throws `STORE_*`. */
  async hold(task: AgentTaskName): Promise<string> {
    const name = await this.join()
    this.take(task, name)
    return name
  }

  /** Notes that a task is held under a name. */
  take(task: AgentTaskName, name: string): void {
    this.#held.set(keyOf(task), name)
  }

  /** Under which name a task is held; `undefined`: it is not. */
  of(task: AgentTaskName): string | undefined {
    return this.#held.get(keyOf(task))
  }

  letGo(task: AgentTaskName): void {
    this.#held.delete(keyOf(task))
  }

  /** @returns The present name, a new one where there is none. Throws `STORE_*`. */
  async join(): Promise<string> {
    this.#joining ??= this.#claim().finally(() => (this.#joining = undefined))
    return (this.#member ?? (await this.#joining)).name
  }

  onLost(listener: (reason: unknown) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#joining?.catch(() => undefined)
    const member = this.#member
    this.#member = undefined
    this.#listeners.clear()
    await member?.claim.release()
  }

  async #claim(): Promise<Member> {
    if (this.#member !== undefined) return this.#member
    if (this.#isClosed) throw new CodedError('STORE_NOT_OPEN', { message: 'The tasks of the shared store are closed' })
    const { claims, random } = this.#components
    const name = hexOfBytes(random.bytes(12))
    const claim = await claims.take(`a2a/${name}`)
    if (claim === undefined) throw new CodedError('STORE_LOCKED', { message: 'The name of this gateway is taken' })
    const member = { name, claim }
    this.#member = member
    claim.lost.addEventListener('abort', () => this.#lose(member))
    return member
  }

  #lose(member: Member): void {
    if (this.#member !== member) return
    this.#member = undefined
    for (const listener of this.#listeners) listener(member.claim.lost.reason)
  }
}

function keyOf({ owner, id }: AgentTaskName): string {
  return `${owner}/${id}`
}
