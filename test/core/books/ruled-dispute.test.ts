import { expect, test } from 'vitest'
import { contractOf } from '../../../src/core/books/books-machine.ts'
import { commitmentOf } from '../../../src/core/disputes/commitment.ts'
import { DISPUTE_MACHINE } from '../../../src/core/disputes/dispute-machine.ts'
import type { DisputeEvent, DisputeTerms } from '../../../src/core/disputes/dispute-state.ts'
import {
  ARBITERS,
  type Body,
  contractNamed,
  hashNamed,
  ms,
  nanos,
  PAYER,
  termsOf,
  WORKER,
} from '../escrow/escrow-builder.ts'
import { at, Books } from './books-builder.ts'

const DEAL = { id: contractNamed('disputed'), terms: termsOf() }
const PIECES = { payer: hashNamed('rejection'), worker: hashNamed('answer') }
const SALT = 'AAECAwQFBgcICQoLDA0ODw'

function disputed(): Books {
  const books = new Books()
  const hash = hashNamed('result')
  const acts: readonly (readonly [typeof PAYER, Body])[] = [
    [PAYER, { type: 'offered', expiresAt: at(900) }],
    [PAYER, { type: 'awarded' }],
    [PAYER, { type: 'contract-signed', signers: [PAYER, WORKER] }],
    [PAYER, { type: 'hold-requested' }],
    [WORKER, { type: 'started' }],
    [WORKER, { type: 'delivered', result: hash, manifest: hash, meter: hash, verdict: hash, claimNanos: nanos(80) }],
    [PAYER, { type: 'rejected', reason: 'wrong', evidence: PIECES.payer, concededNanos: nanos(20) }],
    [WORKER, { type: 'disputed', evidence: PIECES.worker, claimNanos: nanos(80) }],
  ]
  for (const [iss, body] of acts) books.say(DEAL, { iss, at: 0, body })
  return books
}

/** What arbiters start from: what the contract says of the dispute, and spans of theirs. */
function disputeTerms(books: Books): DisputeTerms {
  const state = contractOf(books.state, DEAL.id)
  if (state?.kind !== 'DISPUTED' || state.evidenceBy === undefined) throw new TypeError(`not disputed: ${state?.kind}`)
  return {
    contract: DEAL.id,
    payer: PAYER,
    worker: WORKER,
    maxNanos: state.terms.maxNanos,
    claimNanos: state.delivery.claimNanos,
    concededNanos: state.rejection.concededNanos,
    isDeterministic: false,
    delivered: state.delivery.result,
    arbiters: [...state.terms.arbiters.members].toSorted(),
    k: state.terms.arbiters.k,
    panel: 3,
    arbiterBondNanos: nanos(1),
    appealBondNanos: nanos(1),
    evidenceBy: state.evidenceBy,
    replicateBy: state.evidenceBy,
    ruleBy: state.ruleBy,
    commitMs: ms(500),
    revealMs: ms(500),
    appealMs: ms(4_000),
  }
}

test('what arbiters come to is what the books pay, on the record that both closed by themselves', () => {
  const books = disputed()
  const terms = disputeTerms(books)
  let state = DISPUTE_MACHINE.initial({ terms, predicate: 'undecided', at: at(0) })
  let ended:
    | { readonly evidenceRoot: string; readonly workerNanos: bigint; readonly signers: readonly string[] }
    | undefined
  const take = (event: DisputeEvent): void => {
    const step = DISPUTE_MACHINE.transition(state, event)
    state = step.state
    for (const effect of step.effects) {
      if (effect.type === 'event-refused') throw new TypeError(effect.code)
      if (effect.type === 'dispute-ended' && effect.ruling !== undefined)
        ended = { evidenceRoot: effect.evidenceRoot, ...effect.ruling }
    }
  }
  const said = (iss: (typeof ARBITERS)[number], offset: number) => ({
    envelope: hashNamed(`${iss}/${offset}`),
    iss,
    seq: 0,
    prev: undefined,
    at: at(offset),
  })
  take({ ...said(PAYER, 0), type: 'evidence-filed', hash: PIECES.payer, sizeBytes: 10 })
  take({ ...said(WORKER, 0), type: 'evidence-filed', hash: PIECES.worker, sizeBytes: 10 })
  take({ type: 'timer-fired', name: 'evidence', at: terms.evidenceBy })
  books.advance(1_000)
  const root = state.kind === 'committing' ? state.root : hashNamed('none')
  const vote = { evidenceRoot: root, workerNanos: nanos(60) }
  for (const iss of ARBITERS) {
    const value = { evidenceRoot: root, workerNanos: '60' }
    const commitment = commitmentOf({ domain: 'vote', contract: DEAL.id, round: 0, iss, salt: SALT, value })
    take({ ...said(iss, 1_100), type: 'vote-committed', commitment })
  }
  for (const iss of ARBITERS) take({ ...said(iss, 1_200), type: 'vote-revealed', ...vote, salt: SALT })
  expect(state).toMatchObject({ kind: 'ended', basis: 'arbiters' })
  if (ended === undefined) throw new TypeError('no ruling')
  const before = { worker: books.balance(WORKER, 'available'), payer: books.balance(PAYER, 'available') }
  const ruled: Body = { type: 'ruled', evidenceRoot: root, workerNanos: nanos(60), signers: ARBITERS.slice(0, 2) }
  expect(ended).toMatchObject({ evidenceRoot: root, workerNanos: 60n, signers: [...ARBITERS].toSorted() })
  const wrong: Body = { ...ruled, evidenceRoot: hashNamed('another record') }
  expect(books.say(DEAL, { iss: ARBITERS[0] ?? PAYER, at: 1_300, body: wrong })).toContainEqual(
    expect.objectContaining({ type: 'event-refused', code: 'ESCROW_EVIDENCE_ROOT' }),
  )
  const effects = books.say(DEAL, { iss: ARBITERS[0] ?? PAYER, at: 1_300, body: ruled })
  expect(effects.filter(({ type }) => type === 'event-refused')).toEqual([])
  expect(contractOf(books.state, DEAL.id)).toMatchObject({ kind: 'SETTLED', cause: 'ruled', capturedNanos: 60n })
  // 60 less the notary's fee of 2 and a bond of 30 back; 40 of the price, a bond of 20, and 2 of the dispute bond of 10 back.
  expect(books.balance(WORKER, 'available') - before.worker).toBe(88n)
  expect(books.balance(PAYER, 'available') - before.payer).toBe(62n)
})
