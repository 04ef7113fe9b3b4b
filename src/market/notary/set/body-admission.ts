import type { NotarySetTerms } from '../../../core/escrow/escrow-terms.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import type { Entry } from '../../../core/notary/block.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { Admission, type AdmissionComponents, type Admitted, type Dismissed, type Waiter } from '../admission.ts'
import { bodyOfOrdered, isOrdered, LEDGER_SUBJECT, orderedEvent } from '../books/booked-event.ts'
import { isWanted } from '../books/due-entries.ts'
import type { KnownRules } from '../books/known-rules.ts'
import type { NamedMessages } from './notary-application.ts'

export type BodyAdmissionInit = Omit<AdmissionComponents, 'onAdmitted'> & {
  readonly rules: KnownRules
  /** The set of this member, as contracts name it. */
  readonly setTerms: NotarySetTerms
}

const NONE: NamedMessages = { decided: new Set(), inBlocks: new Set() }

/** Messages of other members are authenticated here as if their senders had sent them here; nobody is answered. */
export class BodyAdmission {
  private readonly init: BodyAdmissionInit
  private readonly admission: Admission
  private readonly looking = new Map<Waiter, (item: Admitted | Dismissed | undefined) => void>()

  constructor(init: BodyAdmissionInit) {
    this.init = init
    this.admission = new Admission({
      ...init,
      onAdmitted: (batch) => {
        for (const item of batch) this.looking.get(item.waiter)?.(item)
      },
    })
  }

  /** For each body its entry; `undefined` for one that is none. */
  async admit(bodies: readonly string[], named: NamedMessages = NONE): Promise<readonly (Entry | undefined)[]> {
    return await Promise.all(bodies.map(async (body) => await this.look(body, named)))
  }

  private async look(body: string, { decided, inBlocks }: NamedMessages): Promise<Entry | undefined> {
    if (body.startsWith('{"ordered":')) return this.lookOrdered(body, decided)
    const item = await new Promise<Admitted | Dismissed | undefined>((resolve) => {
      const finish = (found: Admitted | Dismissed | undefined): void => {
        this.looking.delete(waiter)
        resolve(found)
      }
      const waiter: Waiter = { resolve: () => finish(undefined), reject: () => finish(undefined) }
      this.looking.set(waiter, finish)
      this.admission.push(utf8Bytes(body), waiter, (message) => inBlocks.has(message))
    })
    // One message has one text.
    return item?.kind === 'admitted' && item.sent.text === body ? entryOf(item) : undefined
  }

  /** What a member ordered: timers, which the books look at again, what this member's operator wants as well, and what a quorum of operators wanted. */
  private lookOrdered(body: string, decided: ReadonlySet<Hash>): Entry | undefined {
    const booked = orderedEvent(1, orderedIn(body))
    const event = booked?.event
    if (event === undefined || !isOrdered(event) || bodyOfOrdered(event) !== body) return undefined
    // Who keeps the books, no member says to another.
    if (event.type === 'set-changed' && bodyOfOrdered({ ...event, set: this.init.setTerms }) !== body) return undefined
    if (booked === undefined || (!decided.has(booked.message) && !isWanted(event, this.init.rules))) return undefined
    return { message: booked.message, contract: booked.contract }
  }
}

export function entryOf({ sent }: Admitted): Entry {
  const { hash: message, head } = sent.envelope
  return { message, contract: head.contract ?? LEDGER_SUBJECT }
}

function orderedIn(body: string): unknown {
  try {
    const json = JSON.parse(body) as { readonly ordered?: unknown }
    return json.ordered
  } catch {
    return undefined
  }
}
