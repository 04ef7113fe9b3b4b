import { sha256Hex } from '../../../src/base/sha256.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import { assert } from '../../../src/base/assert.ts'
import { BOOKS_MACHINE } from '../../../src/core/books/books-machine.ts'
import {
  formatBooksEvent,
  formatBooksState,
  parseBooksEvent,
  parseBooksState,
} from '../../../src/core/books/books-codec.ts'
import type { BooksEvent, BooksState } from '../../../src/core/books/books-state.ts'
import { type ContractId, type Hash, parseContractId, parseHash } from '../../../src/core/evidence/names.ts'
import { GENESIS } from '../../../src/core/notary/block.ts'
import type { Decision } from '../../../src/core/notary/certificate.ts'
import type { Execution } from '../../../src/core/notary/notary-event.ts'
import { commitState, isCheckpoint } from '../../../src/core/notary/state-commitment.ts'
import type {
  CopyAsked,
  NotaryApplication,
  NotaryMessage,
  StateCopy,
} from '../../../src/market/notary/set/notary-application.ts'
import { START, termsOf } from '../../core/escrow/escrow-builder.ts'

export function hashText(text: string): Hash {
  const hash = parseHash(sha256Hex(text))
  if (hash === undefined) throw new TypeError('unreachable')
  return hash
}

/** A message of the books: its event without a stamp, in front of which the set puts its own. */
export function messageOf(event: BooksEvent): NotaryMessage {
  const body = formatBooksEvent(stamped(event, 0 as Timestamp))
  return { message: hashText(body), contract: contractOf(event), body }
}

function contractOf(event: BooksEvent): ContractId {
  const named = 'contract' in event ? event.contract : parseContractId('0'.repeat(64))
  if (named === undefined) throw new TypeError('unreachable')
  return named
}

function stamped(event: BooksEvent, at: Timestamp): BooksEvent {
  if (event.type === 'message-received') return { ...event, message: { ...event.message, at } }
  if (event.type === 'ledger-event-received') return { ...event, event: { ...event.event, at } }
  return { ...event, at }
}

type Outcome = { readonly state: BooksState; readonly execution: Execution; readonly root: Hash | undefined }

/** What of the application outlives a crash by itself; the rest comes back from the replica's journal. */
export type BooksDisk = {
  installed: { readonly decision: Decision; readonly text: string } | undefined
  /** What an epoch before left. */
  begun?: { readonly books: BooksState; readonly state: Hash }
}

/** The books as the application of a replica, in memory. `repeats`: a planted defect, messages that come again have effect again. */
export class BooksApplication implements NotaryApplication {
  books: BooksState = BOOKS_MACHINE.initial({ at: START, set: termsOf().notarySet })
  slot = 0
  state: Hash = GENESIS
  readonly effects: string[] = []
  private readonly disk: BooksDisk
  private readonly repeats: boolean
  private copy: { readonly slot: number; readonly copy: StateCopy } | undefined

  constructor(disk: BooksDisk, repeats = false) {
    this.disk = disk
    this.repeats = repeats
    if (disk.begun !== undefined) {
      this.books = disk.begun.books
      this.state = disk.begun.state
    }
    if (disk.installed !== undefined) this.takeOver(disk.installed.decision, disk.installed.text)
  }

  async admit(bodies: readonly string[]): ReturnType<NotaryApplication['admit']> {
    return await Promise.resolve(
      bodies.map((body) => {
        const event = parseBooksEvent(parseJson(body))
        if (event === undefined || formatBooksEvent(event) !== body) return undefined
        return { message: hashText(body), contract: contractOf(event) }
      }),
    )
  }

  execute(block: { slot: number; at: Timestamp; messages: readonly NotaryMessage[] }): Execution {
    return this.run(block).execution
  }

  apply({ block }: Decision, messages: readonly NotaryMessage[]): void {
    const { state, execution, root } = this.run({ slot: block.slot, at: block.at, messages })
    assert(execution.state === block.state, 'the certified block comes to the same here')
    if (root !== undefined) {
      this.copy = { slot: block.slot, copy: { before: this.state, root, text: formatBooksState(state) } }
    }
    this.books = state
    this.slot = block.slot
    this.state = block.state
  }

  async durable(): Promise<void> {}

  copyOf({ checkpoint }: CopyAsked): StateCopy | undefined {
    return this.copy?.slot === checkpoint ? this.copy.copy : undefined
  }

  async install({
    decision,
    root,
    text,
  }: {
    decision: Decision
    root: Hash | undefined
    text: string
  }): Promise<boolean> {
    if (hashText(text) !== root || parseBooksState(parseJson(text)) === undefined) return false
    await Promise.resolve()
    this.disk.installed = { decision, text }
    this.takeOver(decision, text)
    return true
  }

  private takeOver({ block }: Decision, text: string): void {
    const state = parseBooksState(parseJson(text))
    if (state === undefined) throw new TypeError('no state')
    this.books = state
    this.slot = block.slot
    this.state = block.state
  }

  private run({ slot, at, messages }: { slot: number; at: Timestamp; messages: readonly NotaryMessage[] }): Outcome {
    let state = BOOKS_MACHINE.transition(this.books, { type: 'stamp-advanced', at }).state
    let chain = this.state
    const results = messages.map(({ body, message }) => {
      const event = parseBooksEvent(parseJson(body))
      if (event === undefined) throw new TypeError('no event')
      const sent = stamped(this.repeats ? repeated(event, slot) : event, at)
      const step = BOOKS_MACHINE.transition(state, sent)
      state = step.state
      chain = hashText(`${chain} ${message} ${at} ${step.effects.map(({ type }) => type).join()}`)
      return { seq: 0, transition: chain }
    })
    const root = isCheckpoint(slot) ? hashText(formatBooksState(state)) : undefined
    const transitions = results.map(({ transition }) => transition)
    const commitment = commitState({ slot, before: this.state, transitions, root })
    return { state, root, execution: { results, state: commitment } }
  }
}

/** The defect: the place of an envelope is forgotten, so that the same nonce is taken as a new one. */
function repeated(event: BooksEvent, slot: number): BooksEvent {
  if (event.type !== 'ledger-event-received' || event.event.type !== 'credits-issued') return event
  const { id, seq } = event.event
  const fresh = `${slot.toString(16).padStart(8, '0')}${id.slice(8)}` as typeof id
  return {
    ...event,
    event: {
      ...event.event,
      id: fresh,
      seq: seq + slot * 1_000,
      envelope: hashText(`${fresh}`),
      reference: `${fresh}`,
    },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
