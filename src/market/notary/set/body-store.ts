import type { Hash } from '../../../core/evidence/names.ts'
import type { Entry } from '../../../core/notary/block.ts'
import { BATCH_MAX, PENDING_MAX } from '../../../core/notary/notary-state.ts'
import {
  NOTARY_BODIES_CHARACTERS_MAX,
  NOTARY_BODY_CHARACTERS_MAX,
  type NotaryFrame,
} from '../../../wire/v1/notary-messages.ts'
import type { NamedMessages, NotaryApplication, NotaryMessage } from './notary-application.ts'

/** Messages that are kept without being part of a decision at most; beyond, what nothing waits for is dropped. */
export const LOOSE_MAX: number = PENDING_MAX + 2 * BATCH_MAX
/** Frames with messages that are being authenticated at most; their senders repeat the others. */
const ADMISSIONS_MAX = 16

/** Bodies of the messages that wait, are worked on, or were decided a short while ago. All of them were authenticated here. */
export class BodyStore {
  private readonly bodies = new Map<Hash, NotaryMessage>()
  private admissions = 0

  get size(): number {
    return this.bodies.size
  }

  put(messages: readonly NotaryMessage[]): void {
    for (const message of messages) this.bodies.set(message.message, message)
  }

  has(message: Hash): boolean {
    return this.bodies.has(message)
  }

  /** In the order of the entries; `undefined` when one is missing or is of another contract. */
  all(entries: readonly Entry[]): readonly NotaryMessage[] | undefined {
    const found: NotaryMessage[] = []
    for (const { message, contract } of entries) {
      const known = this.bodies.get(message)
      if (known === undefined || known.contract !== contract) return undefined
      found.push(known)
    }
    return found
  }

  some(messages: readonly Hash[]): readonly NotaryMessage[] {
    return messages.flatMap((message) => this.bodies.get(message) ?? [])
  }

  missing(entries: readonly Entry[]): readonly Hash[] {
    return entries.filter(({ message }) => !this.bodies.has(message)).map(({ message }) => message)
  }

  retain(kept: ReadonlySet<Hash>): void {
    for (const message of this.bodies.keys()) if (!kept.has(message)) this.bodies.delete(message)
  }

  /** Those of the bodies that are messages; `undefined` when too much is being looked at. */
  async admit(
    application: Pick<NotaryApplication, 'admit'>,
    bodies: readonly string[],
    named: () => NamedMessages,
  ): Promise<readonly NotaryMessage[] | undefined> {
    if (this.admissions >= ADMISSIONS_MAX) return undefined
    this.admissions += 1
    try {
      const entries = await application.admit(bodies, named())
      return bodies.flatMap((body, index) => {
        const entry = entries[index]
        return entry === undefined ? [] : { ...entry, body }
      })
    } finally {
      this.admissions -= 1
    }
  }
}

/** Frames that carry these bodies, each within its limit. */
export function framesOfBodies(set: Hash, messages: readonly NotaryMessage[]): readonly NotaryFrame[] {
  const frames: NotaryFrame[] = []
  let bodies: string[] = []
  let characters = 0
  for (const { body } of messages) {
    if (body.length > NOTARY_BODY_CHARACTERS_MAX) continue
    if (bodies.length === BATCH_MAX || characters + body.length > NOTARY_BODIES_CHARACTERS_MAX) {
      frames.push({ type: 'notary-bodies', set, bodies })
      bodies = []
      characters = 0
    }
    bodies.push(body)
    characters += body.length
  }
  if (bodies.length > 0) frames.push({ type: 'notary-bodies', set, bodies })
  return frames
}
