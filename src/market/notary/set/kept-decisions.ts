import type { Hash } from '../../../core/evidence/names.ts'
import type { Decision } from '../../../core/notary/certificate.ts'
import type { BodyStore } from './body-store.ts'
import type { NotaryApplication } from './notary-application.ts'

/** Characters of messages of decisions before the newest checkpoint that are kept for members that lag at most. */
const KEPT_CHARACTERS_MAX = 67_108_864

/**
 * What was decided: kept for members that lag, and applied in order as soon as all messages of a block are here. `2f + 1` members have signed each block,
 * so that `f + 1` honest ones have its messages.
 */
export class KeptDecisions {
  /** Newest last. */
  decisions: Decision[] = []
  /** Those that are not applied, in order. */
  backlog: Decision[] = []
  /** Messages of all that are kept. */
  entries = 0
  private readonly application: Pick<NotaryApplication, 'slot' | 'apply'>
  private readonly bodies: BodyStore
  private readonly onApplied: (decision: Decision) => void

  constructor(
    application: Pick<NotaryApplication, 'slot' | 'apply'>,
    bodies: BodyStore,
    onApplied: (decision: Decision) => void,
  ) {
    this.application = application
    this.bodies = bodies
    this.onApplied = onApplied
  }

  /** Of the oldest that is kept; infinite when none is. */
  get firstSlot(): number {
    return this.decisions[0]?.block.slot ?? Number.POSITIVE_INFINITY
  }

  add(decision: Decision): void {
    this.decisions.push(decision)
    this.backlog.push(decision)
    this.entries += decision.block.entries.length
  }

  /** Applies what can be applied. Throws what the application throws. */
  drain(): void {
    for (let next = this.backlog[0]; next !== undefined; next = this.backlog[0]) {
      const { slot, entries } = next.block
      if (slot > this.application.slot) {
        const messages = this.bodies.all(entries)
        if (messages === undefined || slot !== this.application.slot + 1) return
        this.application.apply(next, messages)
      }
      this.backlog.shift()
      this.onApplied(next)
    }
  }

  range({ fromSlot, toSlot }: { readonly fromSlot: number; readonly toSlot: number }): readonly Decision[] {
    return this.decisions.filter(({ block }) => block.slot >= fromSlot && block.slot <= toSlot)
  }

  messages(): readonly Hash[] {
    return [...this.decisions, ...this.backlog].flatMap(({ block }) => block.entries.map(({ message }) => message))
  }

  /** The state behind this block was taken over; nothing before it is known. */
  restartAt(decision: Decision): void {
    this.decisions = [decision]
    this.backlog = this.backlog.filter(({ block }) => block.slot > decision.block.slot)
    this.entries = decision.block.entries.length
  }

  /** Drops decisions before a slot, and before the checkpoint also those whose messages are too much. */
  truncate(before: number, checkpoint: number): void {
    let characters = 0
    let first = this.decisions.length
    while (first > 0) {
      const block = this.decisions[first - 1]?.block
      if (block === undefined || block.slot < before) break
      for (const { body } of this.bodies.some(block.entries.map(({ message }) => message))) characters += body.length
      if (characters > KEPT_CHARACTERS_MAX && block.slot < checkpoint) break
      first -= 1
    }
    this.decisions = this.decisions.slice(first)
    this.entries = this.decisions.reduce((sum, { block }) => sum + block.entries.length, 0)
  }
}
