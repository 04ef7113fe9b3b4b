/** Names one task. */
export type AgentTaskName = {
  readonly owner: string
  /** 1 to 128 of `A-Z a-z 0-9 . _ : -`. */
  readonly id: string
}

/** `running`: somebody works on it, or it is about to be worked on; `waiting`: for its sender; `ended`: for good. */
export type AgentTaskPhase = 'running' | 'waiting' | 'ended'

/** What is looked for without reading the task. */
export type AgentTaskHead = {
  readonly id: string
  readonly contextId: string
  /** Of the protocol, 0 to 255. */
  readonly state: number
  readonly phase: AgentTaskPhase
  /** Of the last change of its state: ISO 8601 in UTC with milliseconds, so that later ones are greater as texts. */
  readonly timestamp: string
}

/** A task as it is written. The bytes are of the caller's making. */
export type AgentTaskRecord = { readonly head: AgentTaskHead; readonly bytes: Uint8Array }

/** How much is kept of one owner. */
export type AgentTaskBounds = {
  readonly countMax: number
  /** What has changed last before this instant, ISO 8601 as in heads, and is not being worked on, is too old. */
  readonly oldest: string
}

/** `full`: all that are there are unfinished. `taken`: there is another one of that name. `gone`: ids of what was too old or had to make room. */
export type AgentTaskAdding =
  | { readonly kind: 'added'; readonly gone: readonly string[] }
  | { readonly kind: 'full' }
  | { readonly kind: 'taken' }

/** `here`: this process holds it; `elsewhere`: another one does; `adrift`: one that is dead; `free`: nobody. */
export type AgentTaskStanding = 'here' | 'elsewhere' | 'adrift' | 'free'

/** A task as it was written last, and who holds it. */
export type AgentTaskFound = { readonly bytes: Uint8Array; readonly standing: AgentTaskStanding }

/** A place in the order of tasks, newest first: by timestamp, then by id. */
export type AgentTaskPlace = Pick<AgentTaskHead, 'timestamp' | 'id'>

/** Which tasks of an owner are listed; absent members filter nothing. */
export type AgentTaskQuery = {
  readonly contextId?: string
  readonly state?: number
  /** Changed after this instant. */
  readonly after?: string
  /** Those behind this place. */
  readonly behind?: AgentTaskPlace
  /** 1 or more. */
  readonly limit: number
}

/** Part of a list, newest first. */
export type AgentTaskPage = {
  readonly places: readonly AgentTaskPlace[]
  readonly isLast: boolean
  /** Of all pages. */
  readonly total: number
}

/** Everything; all of an owner; or what has changed last before an instant and is not being worked on. */
export type AgentTaskErasure =
  | { readonly kind: 'all' }
  | { readonly kind: 'tenant'; readonly tenant: string }
  | { readonly kind: 'before'; readonly before: string }

/** Most that one call of `adopt` gives. */
export const ADOPTED_MAX = 64

/**
 * Tasks that other agents gave to a node, as bytes with what is looked for beside them, apart for each owner. Whoever works on a task holds it: nobody
 * else writes it meanwhile, and of a process that dies another one takes it over. It is not the machine of a task: which state follows on which is no matter of it.
 *
 * What is written is on stable storage once resolved. All may throw `STORE_*`.
 *
 * ```ts
 * const failInterrupted = async (store: AgentTaskStore, failed: (bytes: Uint8Array) => AgentTaskRecord): Promise<void> => {
 *   for (const { owner, bytes } of await store.adopt()) await store.write(owner, failed(bytes), { isKept: false })
 * }
 * ```
 */
export interface AgentTaskStore {
  /** Whether `add` would find room. */
  hasRoom(owner: string, bounds: AgentTaskBounds): Promise<boolean>
  /** Adds a new task, which this process holds. */
  add(owner: string, record: AgentTaskRecord, bounds: AgentTaskBounds): Promise<AgentTaskAdding>
  /** Replaces a task that this process holds, and goes on to hold it where `isKept`. `false`, and nothing is written: it is gone, or another one has it. */
  write(owner: string, record: AgentTaskRecord, options: { readonly isKept: boolean }): Promise<boolean>
  /** Holds a task that waits for its sender. `false`: somebody holds it, this process included; or it is none that waits. */
  hold(name: AgentTaskName): Promise<boolean>
  /** Ends holding one, and leaves it as it is. Idempotent. */
  letGo(name: AgentTaskName): Promise<void>
  /** Throws `STORE_CORRUPTED` where the bytes are not those that were written. */
  get(name: AgentTaskName): Promise<AgentTaskFound | undefined>
  /** Newest first. */
  list(owner: string, query: AgentTaskQuery): Promise<AgentTaskPage>
  /** States of the tasks of this id, whosever they are. */
  statesOf(id: string): Promise<readonly number[]>
  /** Takes over what processes held that are dead, `ADOPTED_MAX` at most; of several processes one gets a task. One whose bytes are damaged is left out. `only`: this one, where it is such. */
  adopt(only?: AgentTaskName): Promise<readonly (AgentTaskName & Pick<AgentTaskFound, 'bytes'>)[]>
  /** Deletes tasks and what is noted beside them. @returns What was deleted. */
  erase(what: AgentTaskErasure): Promise<readonly AgentTaskName[]>
  /** What is noted beside a task, which may come before the task. */
  notesOf(name: AgentTaskName): Promise<Uint8Array | undefined>
  /** Changes what is noted. `edit` may be called several times, with what is there then; `undefined` deletes; what it throws is thrown. An edit whose answer is lost may be made twice. */
  editNotes(name: AgentTaskName, edit: (notes: Uint8Array | undefined) => Uint8Array | undefined): Promise<void>
}

/** What several processes know of a task. */
export type AgentTaskLook = {
  readonly phase: AgentTaskPhase
  /** This process held it last. */
  readonly isOwn: boolean
  /** Whoever held it last is alive. */
  readonly isAlive: boolean
  /** How often others asked that it be cancelled, and how many of these whoever held it has answered. */
  readonly wishes: number
  readonly answered: number
  /** Why it is not cancelled, of the last answer. */
  readonly refusal: string
}

/** The tasks of several processes on one store. */
export interface SharedAgentTaskStore extends AgentTaskStore {
  look(name: AgentTaskName): Promise<AgentTaskLook | undefined>
  /** Asks the process that held it last to cancel it. @returns The number of the wish; `undefined` where no other one is alive that held it, or it has ended. */
  askCancel(name: AgentTaskName): Promise<number | undefined>
  /** Says why it is not cancelled, to all who asked up to that number. */
  refuseCancel(name: AgentTaskName, refusal: { readonly wish: number; readonly text: string }): Promise<void>
  /** Tells of tasks that other processes changed, at least once each; `undefined`: any may have. A listener may not throw. @returns Ends it. */
  watch(listener: (names: readonly AgentTaskName[] | undefined) => void): () => void
  /** Told when others may take over what this process holds, because the store was not heard of; before they do. A listener may not throw. @returns Ends it. */
  onLost(listener: (reason: unknown) => void): () => void
  /** Others take over at once what is still held. Idempotent. */
  close(): Promise<void>
}
