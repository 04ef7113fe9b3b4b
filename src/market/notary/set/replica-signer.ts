import type { Hash } from '../../../core/evidence/names.ts'
import type { NotaryEffect, NotaryEvent } from '../../../core/notary/notary-event.ts'
import { bytesOfEpochChange } from '../../../core/notary/epoch-change.ts'
import type { NotaryInput, NotaryState } from '../../../core/notary/notary-state.ts'
import { comparePositions, type VotePosition } from '../../../core/notary/position.ts'
import { bytesOfVote } from '../../../core/notary/statement.ts'
import { bytesOfChange } from '../../../core/notary/view-change.ts'
import type { EpochEnd, NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import type { NotaryReplicaComponents } from './replica-components.ts'

export type Cast = Extract<NotaryEffect, { type: 'cast-vote' | 'cast-change' }>

export type ReplicaSignerInit = {
  readonly components: Pick<NotaryReplicaComponents, 'sign' | 'clock' | 'highWater'>
  readonly input: NotaryInput
  /** Feeds what was signed back. */
  readonly onSigned: (event: NotaryEvent) => void
  readonly sendAll: (frame: NotaryFrame) => void
}

/** Signs what the machine casts: behind the journal and behind one record of the high-water file, and only while the lease is held. */
export class ReplicaSigner {
  private readonly init: ReplicaSignerInit
  private waiting: readonly Cast[] = []

  constructor(init: ReplicaSignerInit) {
    this.init = init
  }

  get isWaiting(): boolean {
    return this.waiting.length > 0
  }

  add(cast: Cast): void {
    this.waiting = [...this.waiting, cast]
  }

  /** Signs what waits. What a decision, another view or a floor has overtaken meanwhile is never signed. */
  async flush({ head, view, floor, kind }: NotaryState, isHeld: boolean): Promise<void> {
    const due = this.waiting.filter((cast) => {
      const position = positionOf(cast)
      return position.slot > head.slot && position.view >= view && floor === undefined && kind !== 'stopped'
    })
    this.waiting = isHeld ? [] : due
    const last = due.at(-1)
    if (last === undefined || !isHeld) return
    const { components, input } = this.init
    await components.highWater.write({ epoch: input.set.epoch, position: positionOf(last) })
    for (const cast of due) await this.signAndSend(cast)
  }

  /** `state`: what the block of that slot commits to. */
  async signEnd(effect: Extract<NotaryEffect, { type: 'cast-epoch-end' }>, state: Hash): Promise<EpochEnd> {
    const { components, input } = this.init
    const { to, epoch, slot, block, at } = effect
    const end = { from: input.set.id, to, epoch, slot, block, at, state }
    const signature = await components.sign(bytesOfEpochChange(end))
    return { type: 'notary-epoch-end', set: input.set.id, end, signature: { member: input.me, signature } }
  }

  private async signAndSend(cast: Cast): Promise<void> {
    const { components, input, onSigned, sendAll } = this.init
    const { set, me } = input
    const now = components.clock.now()
    if (cast.type === 'cast-change') {
      const signature = await components.sign(bytesOfChange(set, cast.statement))
      const change = { ...cast.statement, member: me, signature }
      onSigned({ type: 'change-received', now, change })
      sendAll({ type: 'notary-change', set: set.id, change })
      return
    }
    const { statement, proposal } = cast
    const signature = await components.sign(bytesOfVote(set, statement))
    const vote = { ...statement, member: me, signature }
    onSigned({ type: 'vote-received', now, vote })
    if (proposal === undefined) sendAll({ type: 'notary-vote', set: set.id, vote })
    else {
      const signed = { ...proposal, signature: { member: me, signature } }
      sendAll({ type: 'notary-proposal', set: set.id, proposal: signed })
    }
  }
}

export function positionOf(cast: Cast): VotePosition {
  const { statement } = cast
  if (cast.type === 'cast-change') return { view: statement.view, slot: cast.statement.head.slot + 1, phase: 'change' }
  return { view: statement.view, slot: cast.statement.slot, phase: cast.statement.phase }
}

/** Whether a crash came between an effect and its answer. A statement is signed again word for word, which gives the same signature. */
export function isUnanswered({ work, cast, floor, end, head }: NotaryState, effect: NotaryEffect): boolean {
  if (effect.type === 'cast-epoch-end') return end !== undefined && effect.slot === head.slot
  if (floor !== undefined) return false
  if (effect.type === 'execute') return 'ticket' in work && work.ticket === effect.ticket
  const isCast = effect.type === 'cast-vote' || effect.type === 'cast-change'
  return isCast && cast !== undefined && comparePositions(positionOf(effect), cast) === 0
}
