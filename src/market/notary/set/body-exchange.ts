import type { Hash } from '../../../core/evidence/names.ts'
import type { Entry } from '../../../core/notary/block.ts'
import { BATCH_MAX } from '../../../core/notary/notary-state.ts'
import { leaderOf, type NotarySet } from '../../../core/notary/notary-set.ts'
import type { NotaryState } from '../../../core/notary/notary-state.ts'
import type { NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import { type BodyStore, LOOSE_MAX } from './body-store.ts'
import type { KeptDecisions } from './kept-decisions.ts'
import type { NamedMessages, NotaryApplication, NotaryMessage } from './notary-application.ts'

export type BodyExchangeInit = {
  readonly set: NotarySet
  readonly me: number
  readonly bodies: BodyStore
  readonly kept: KeptDecisions
  readonly application: Pick<NotaryApplication, 'admit' | 'isDone'>
  readonly send: (to: number, frame: NotaryFrame) => void
}

/** What a replica waits for: its state, and the entries of a block that it is to run. */
export type BodyNeed = { readonly state: NotaryState; readonly parked: readonly Entry[] }

/**
 * Gets the bodies that blocks name from other members, and keeps no more of them than something waits for. All that the blocks which wait do lack is asked for at
 * once, and nothing twice before `askAgain`: a member that was away for a hundred blocks needs a few exchanges, not a hundred times the time of repetition.
 */
export class BodyExchange {
  private readonly init: BodyExchangeInit
  /** How many members behind the leader is the one that is asked. */
  private turn = 0
  private readonly asked = new Set<Hash>()
  private isAnswered = false

  constructor(init: BodyExchangeInit) {
    this.init = init
  }

  /** Asks for what is missing and was not asked for: the leader first. */
  ask({ state, parked }: BodyNeed): void {
    const { set, me, bodies, kept, send } = this.init
    const messages: Hash[] = []
    for (const entries of [...kept.backlog.map(({ block }) => block.entries), parked]) {
      if (messages.length >= BATCH_MAX) break
      messages.push(...bodies.missing(entries).filter((message) => !this.asked.has(message)))
    }
    if (messages.length === 0) return
    const others = [...set.members.keys()].filter((member) => member !== me)
    const first = others.indexOf(leaderOf(set, state.view))
    const to = others[(Math.max(first, 0) + this.turn) % others.length]
    if (to === undefined) return
    const now = messages.slice(0, BATCH_MAX)
    for (const message of now) this.asked.add(message)
    send(to, { type: 'notary-bodies-ask', set: set.id, messages: now })
  }

  /** Asks once more for what did not come: the next member, where the one before sent nothing. */
  askAgain(need: BodyNeed): void {
    if (this.asked.size > 0 && !this.isAnswered) this.turn += 1
    this.asked.clear()
    this.isAnswered = false
    this.ask(need)
  }

  isFull(more: number): boolean {
    const { bodies, kept } = this.init
    return bodies.size + more > LOOSE_MAX + kept.entries
  }

  /** The messages among bodies that came, and those that are still to be ordered; a full store takes only what a block waits for. */
  async take(
    texts: readonly string[],
    need: () => BodyNeed,
  ): Promise<{ readonly messages: readonly NotaryMessage[]; readonly fresh: readonly Entry[] }> {
    const { bodies, application } = this.init
    const admitted = (await bodies.admit(application, texts, () => this.namedIn(need()))) ?? []
    const { decided, inBlocks: wanted } = this.namedIn(need())
    if (this.isFull(admitted.length)) this.sweep(need())
    const isFull = this.isFull(admitted.length)
    const unknown = admitted.filter(({ message }) => !bodies.has(message))
    const messages = isFull ? unknown.filter(({ message }) => wanted.has(message)) : unknown
    if (messages.length > 0) this.isAnswered = true
    const stored = new Set(messages)
    const fresh = admitted.filter((each) => {
      const { message } = each
      const isDone = application.isDone?.(message) ?? bodies.has(message)
      return !decided.has(message) && !isDone && (stored.has(each) || bodies.has(message))
    })
    return { messages, fresh: fresh.map(({ message, contract }) => ({ message, contract })) }
  }

  private namedIn({ parked }: BodyNeed): NamedMessages {
    const decided = new Set(this.init.kept.backlog.flatMap(({ block }) => block.entries.map(({ message }) => message)))
    return { decided, inBlocks: new Set([...decided, ...parked.map(({ message }) => message)]) }
  }

  /** Forgets bodies that nothing waits for. */
  sweep(need: BodyNeed): void {
    const { bodies, kept } = this.init
    const waiting = [...waitingIn(need.state), ...need.parked]
    bodies.retain(new Set<Hash>([...waiting.map(({ message }) => message), ...kept.messages()]))
  }
}

/** What waits to be ordered, or is being ordered. */
export function waitingIn({ pending, work }: NotaryState): readonly Entry[] {
  if (work.kind === 'drafting') return [...pending, ...work.entries]
  return 'block' in work ? [...pending, ...work.block.entries] : pending
}
