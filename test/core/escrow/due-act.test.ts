import { expect, test } from 'vitest'
import { dueActOf } from '../../../src/core/escrow/due-act.ts'
import { ESCROW_MACHINE } from '../../../src/core/escrow/escrow-machine.ts'
import type { EscrowEvent } from '../../../src/core/escrow/escrow-event.ts'
import type { EscrowState } from '../../../src/core/escrow/escrow-state.ts'
import {
  type Body,
  PAYER,
  START,
  WORKER,
  contractNamed,
  hashNamed,
  message,
  nanos,
  notaryTerms,
  termsOf,
} from './escrow-builder.ts'

const piece = hashNamed('piece')

/** Due acts of payer and worker, as `ACTS@ms otherwise TIMER costs N`. */
function dueIn(state: EscrowState): readonly string[] {
  return (['payer', 'worker'] as const).map((party) => {
    const act = dueActOf(state, party)
    return act === undefined
      ? '-'
      : `${act.acts.join('|')}@${act.by - START} otherwise ${act.otherwise} costs ${act.costNanos}`
  })
}

test('every state says what is due from whom, until when, and what it costs to stay silent', () => {
  let state = ESCROW_MACHINE.initial({
    contract: contractNamed('one'),
    terms: termsOf({
      bonds: { ...termsOf().bonds, disputeNanos: nanos(0) },
      fees: { ...notaryTerms().fees, arbiterNanos: nanos(0) },
    }),
  })
  const seen: (readonly string[])[] = []
  let seq = 0
  const take = (event: EscrowEvent): void => {
    state = ESCROW_MACHINE.transition(state, event).state
    seen.push([state.kind, ...dueIn(state)])
  }
  const say = (iss: typeof PAYER, body: Body): void => {
    take(message(body, { iss, seq, at: START }))
    seq += 1
  }
  say(PAYER, { type: 'offered', expiresAt: (START + 9_000) as typeof START })
  say(PAYER, { type: 'awarded' })
  say(PAYER, { type: 'contract-signed', signers: [PAYER, WORKER] })
  say(PAYER, { type: 'hold-requested' })
  take({ type: 'transfers-answered', money: 'hold', attempt: 1, isApplied: true, at: START })
  say(WORKER, { type: 'started' })
  say(WORKER, {
    type: 'delivered',
    result: piece,
    manifest: piece,
    meter: piece,
    verdict: piece,
    claimNanos: nanos(90),
  })
  say(PAYER, { type: 'rejected', reason: 'wrong', evidence: piece, concededNanos: nanos(20) })
  take({ type: 'timer-fired', name: 'evidence', at: (START + 1_000) as typeof START })
  say(WORKER, { type: 'disputed', evidence: piece, claimNanos: nanos(20) })
  expect(seen).toEqual([
    ['OFFERED', 'awarded@1000 otherwise offer costs 0', '-'],
    ['OFFERED', 'contract-signed@1000 otherwise offer costs 0', 'contract-signed@1000 otherwise offer costs 0'],
    ['AGREED', 'hold-requested@1000 otherwise hold costs 0', 'hold-requested@1000 otherwise hold costs 0'],
    ['AGREED', '-', '-'],
    ['HELD', '-', 'started@1000 otherwise start costs 5'],
    ['WORKING', '-', 'delivered@10500 otherwise deliver costs 8'],
    ['DELIVERED', 'accepted|rejected@2000 otherwise accept costs 90', '-'],
    [
      'DISPUTED',
      'evidence-added@1000 otherwise evidence costs 20',
      'disputed|evidence-added@1000 otherwise evidence costs 70',
    ],
    ['DISPUTED', '-', 'disputed@5000 otherwise rule costs 70'],
    ['CAPTURING', '-', '-'],
  ])
})
