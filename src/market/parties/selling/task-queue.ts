import type { ContractId } from '../../../core/evidence/names.ts'
import type { TaskCounts } from './read-meter.ts'
import type { TaskControls, TaskInit, TaskRunner } from './task-runner.ts'

/** A task whose input is read when its turn comes: those that wait hold no memory. */
export type QueuedTask = Omit<TaskInit, 'input'> & { readonly readInput: () => Promise<Uint8Array> }

export type TaskQueueInit = {
  /** Tasks of a skill that run at one time; `undefined`: as many as there are. */
  readonly mostOf: (skill: string) => number | undefined
}

/** Runs no more tasks of a skill at one time than its offer says; the others wait, and whichever is due first begins next. */
export class TaskQueue {
  private readonly runner: TaskRunner
  private readonly init: TaskQueueInit
  private readonly running = new Map<string, number>()
  private readonly begun = new Set<ContractId>()
  private readonly waiting: { readonly skill: string; readonly dueAt: number; readonly begin: () => void }[] = []

  constructor(runner: TaskRunner, init: TaskQueueInit) {
    this.runner = runner
    this.init = init
  }

  isRunning(contract: ContractId): boolean {
    return this.begun.has(contract)
  }

  /** Nothing while it waits. */
  used(contract: ContractId): TaskCounts {
    return this.runner.used?.(contract) ?? new Map()
  }

  /** Rejects as the runner does, and with the reason of the signal while it waits. */
  async run({ readInput, ...task }: QueuedTask, controls: TaskControls): ReturnType<TaskRunner['run']> {
    const { skill, contract } = task
    if (!this.hasRoom(skill)) await this.turn(task, controls.signal)
    else this.count(skill, 1)
    this.begun.add(contract)
    try {
      return await this.runner.run({ ...task, input: await readInput() }, controls)
    } finally {
      this.begun.delete(contract)
      this.count(skill, -1)
      this.beginNext()
    }
  }

  private async turn({ skill, dueAt: due }: Omit<TaskInit, 'input'>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const turn = Promise.withResolvers<void>()
    const dueAt = due ?? Infinity
    const entry = { skill, dueAt, begin: () => turn.resolve() }
    const leave = (): void => {
      const place = this.waiting.indexOf(entry)
      if (place === -1) return
      this.waiting.splice(place, 1)
      turn.reject(signal.reason)
    }
    const later = this.waiting.findIndex((other) => other.dueAt > dueAt)
    this.waiting.splice(later === -1 ? this.waiting.length : later, 0, entry)
    signal.addEventListener('abort', leave, { once: true })
    try {
      await turn.promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** Whoever begins is counted at once, so that nobody comes in between. */
  private beginNext(): void {
    for (;;) {
      const at = this.waiting.findIndex(({ skill }) => this.hasRoom(skill))
      const [entry] = at === -1 ? [] : this.waiting.splice(at, 1)
      if (entry === undefined) return
      this.count(entry.skill, 1)
      entry.begin()
    }
  }

  private hasRoom(skill: string): boolean {
    const most = this.init.mostOf(skill)
    return most === undefined || (this.running.get(skill) ?? 0) < most
  }

  private count(skill: string, change: number): void {
    const count = (this.running.get(skill) ?? 0) + change
    if (count === 0) this.running.delete(skill)
    else this.running.set(skill, count)
  }
}
