import type { Evidence } from '../evidence/evidence.ts'
import { HEARD_MAX, type HeardMessage } from './escrow-state.ts'

/** What is known of a message by its signer's place: `new`, the same one again, another one at a taken place, or one before the latest that is not remembered. */
export type Hearing = 'new' | 'same' | 'contradicts' | 'old'

export function hearingOf(heard: readonly HeardMessage[], { iss, seq, envelope }: Evidence): Hearing {
  let latest = -1
  for (const known of heard) {
    if (known.iss !== iss) continue
    if (known.seq === seq) return known.envelope === envelope ? 'same' : 'contradicts'
    latest = known.seq
  }
  return seq > latest ? 'new' : 'old'
}

/** Adds a new message, and forgets its signer's earliest one beyond `HEARD_MAX`. Sorted by signer, then place. */
export function withHeard(heard: readonly HeardMessage[], { iss, seq, envelope }: Evidence): readonly HeardMessage[] {
  const before: HeardMessage[] = []
  const own: HeardMessage[] = []
  const after: HeardMessage[] = []
  for (const known of heard) {
    if (known.iss === iss) own.push(known)
    else if (known.iss < iss) before.push(known)
    else after.push(known)
  }
  const kept = own.length < HEARD_MAX ? own : own.slice(own.length - HEARD_MAX + 1)
  return [...before, ...kept, { iss, seq, envelope }, ...after]
}
