import { commitmentOf } from '../../src/core/disputes/commitment.ts'
import { evidenceRootOf } from '../../src/core/escrow/evidence-root.ts'
import type { ContractId, Hash } from '../../src/core/evidence/names.ts'
import { bodyOfTerms } from '../../src/wire/v1/escrow-terms.ts'
import { SAMPLE_CONTRACT, SAMPLE_TERMS } from './escrow-samples.ts'
import { bodyArea, type BodyRow, type WrongBodyRow } from './body-area.ts'
import type { VectorArea } from './vector.ts'
import { VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS
const contract = '61'.repeat(32) as ContractId
const currency = `USD@${notary.did}`
const salt = 'AAECAwQFBgcICQoLDA0ODw'
const result = '62'.repeat(32) as Hash
const evidenceRoot = evidenceRootOf(contract, [{ party: 'payer', hash: '63'.repeat(32) as Hash }])
const vote = { evidenceRoot, workerNanos: '750000000' }
const committed = { contract, round: 0, iss: arbiter.did, salt }
const ruling = {
  contract,
  basis: 'arbiters',
  evidenceRoot,
  currency,
  workerNanos: '750000000',
  payerNanos: '250000000',
}
const appeal = { contract, round: 0, currency, bondNanos: '50000000', bondOrder: '64'.repeat(32) }
const reveal = { contract, round: 0, evidenceRoot, currency, workerNanos: '750000000', salt }

const task = { skill: 'text.word-count', salt, inputHash: '65'.repeat(32), inputBytes: 13 }
const call = {
  contract: SAMPLE_CONTRACT,
  round: 0,
  terms: bodyOfTerms(SAMPLE_TERMS),
  task,
  commitBy: 1_790_000_060_000,
  revealBy: 1_790_000_080_000,
}

const BODIES: readonly BodyRow[] = [
  ['an arbiter asks for a case', 'dispute-case-request', { contract, node: arbiter.did }, arbiter],
  ['an arbiter has a task run again', 'replica-call', call, arbiter],
  [
    'a replica binds itself to a result',
    'replica-commit',
    { contract, round: 0, commitment: commitmentOf({ ...committed, domain: 'replica', value: result }) },
    arbiter,
  ],
  ['a replica shows its result', 'replica-reveal', { contract, round: 0, result, salt }, arbiter],
  [
    'an arbiter binds itself to a vote',
    'dispute-vote-commit',
    { contract, round: 0, commitment: commitmentOf({ ...committed, domain: 'vote', value: vote }) },
    arbiter,
  ],
  ['an arbiter shows its vote', 'dispute-vote-reveal', reveal, arbiter],
  ['a part of a ruling that was voted', 'dispute-ruling-part', ruling, arbiter],
  ['a part of a ruling by the predicate', 'dispute-ruling-part', { ...ruling, basis: 'predicate' }, arbiter],
  ['the payer wants another round', 'dispute-appeal', appeal, payer],
  ['the worker wants another round', 'dispute-appeal', { ...appeal, round: 1, bondNanos: '100000000' }, worker],
]

const WRONG: readonly WrongBodyRow[] = [
  ['a call without an end', 'replica-call', { ...call, revealBy: undefined }],
  ['a commitment without its round', 'replica-commit', { contract, commitment: result }],
  ['a result without its salt', 'replica-reveal', { contract, round: 0, result }],
  ['a short salt', 'replica-reveal', { contract, round: 0, result, salt: 'AAEC' }],
  ['a round beyond a byte', 'dispute-vote-commit', { contract, round: 256, commitment: result }],
  ['a negative part', 'dispute-vote-reveal', { ...reveal, workerNanos: '-1' }],
  ['a ruling by nobody', 'dispute-ruling-part', { ...ruling, basis: 'none' }],
  ['a ruling without a currency', 'dispute-ruling-part', { ...ruling, currency: 'USD' }],
  ['an appeal whose bond is not named', 'dispute-appeal', { contract, round: 0, currency, bondNanos: '50000000' }],
]

/** Messages of disputes as receivers see them, with commitments that open, and bodies that no message has. */
export const DISPUTE_VECTORS: VectorArea = bodyArea('disputes', BODIES, WRONG)
