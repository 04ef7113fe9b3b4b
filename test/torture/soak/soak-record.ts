import type { SoakTenant } from './soak-world.ts'

/** A task whose answer a caller received. */
export type KeptTask = { readonly tenant: SoakTenant; readonly id: string; readonly atMs: number; hasFeedback: boolean }

export type KeptResponse = {
  readonly tenant: SoakTenant
  readonly id: string
  /** What the answer said; absent while it is worked on in the background, or where nobody heard how it ended. */
  readonly text: string | undefined
  isDeleted: boolean
}

export type KeptBatch = {
  readonly tenant: SoakTenant
  readonly id: string
  readonly inputFile: string
  readonly tasks: number
  /** Of one that has ended: the text of its output, and the files that it is in. */
  output: string | undefined
  files: readonly string[]
}

/** Something of the administration as its last acknowledged change left it; `undefined`: it was removed. */
export type KeptEntry = {
  readonly path: string
  expected: Readonly<Record<string, unknown>> | undefined
  /** A change is under way, or was when the node ended: nobody knows which state it is in. */
  isUnsure: boolean
}

export type KeptMemory = { readonly tenant: SoakTenant; readonly id: string; readonly text: string }

/** Of each kind so many are looked for, the newest: a node keeps no more than its limits say. */
const KEPT_MAX = { tasks: 2_000, responses: 1_000, batches: 200, entries: 400, memories: 2_000, a2aTasks: 500 } as const

/** All that the node acknowledged, and so has to have at any later time. */
export class SoakRecord {
  readonly tasks: KeptTask[] = []
  readonly responses: KeptResponse[] = []
  readonly batches: KeptBatch[] = []
  readonly entries: KeptEntry[] = []
  readonly memories: KeptMemory[] = []
  /** Tasks of A2A that ended, with their last state. */
  readonly a2aTasks: { readonly tenant: SoakTenant; readonly id: string; readonly state: string }[] = []
  /** Answered tasks of each tenant since the beginning. */
  readonly taskCounts = new Map<string, number>()

  readonly #leavers = new Map<string, number>()

  noteLeaver({ id }: SoakTenant): void {
    this.#leavers.set(id, (this.#leavers.get(id) ?? 0) + 1)
  }

  /** How many left since this was asked for last. */
  takeLeavers(tenant: string): number {
    const count = this.#leavers.get(tenant) ?? 0
    this.#leavers.delete(tenant)
    return count
  }

  noteTask(tenant: SoakTenant, id: unknown): KeptTask | undefined {
    if (typeof id !== 'string') return undefined
    const atMs = performance.now()
    const task: KeptTask = { tenant, id, atMs, hasFeedback: false }
    this.tasks.push(task)
    this.taskCounts.set(tenant.id, (this.taskCounts.get(tenant.id) ?? 0) + 1)
    return task
  }

  /** A node was killed: records of tasks are written in intervals, and those of the last moment may be gone with it. */
  forgiveTasks(sinceMs: number): void {
    const young = this.tasks.filter(({ atMs }) => atMs >= sinceMs)
    for (const { tenant } of young) this.taskCounts.set(tenant.id, (this.taskCounts.get(tenant.id) ?? 0) - 1)
    this.tasks.splice(this.tasks.length - young.length)
  }

  /** Forgets what is too old to be asked for. */
  trim(): void {
    for (const kind of ['tasks', 'responses', 'batches', 'entries', 'memories', 'a2aTasks'] as const) {
      const all: unknown[] = this[kind]
      all.splice(0, Math.max(0, all.length - KEPT_MAX[kind]))
    }
  }
}
