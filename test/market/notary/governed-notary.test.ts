import { describe, expect, test } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import { TEST_ESCROW_RULES } from '../../../src/core/escrow/escrow-rules.ts'
import { DEFAULT_PARAMETERS, hashOfParameters, parametersOf } from '../../../src/core/governance/parameter-set.ts'
import { hashOfWeights, type WeightTable } from '../../../src/core/governance/weight-table.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import type { NotaryService } from '../../../src/market/notary/notary-service.ts'
import type { GovernanceView } from '../../../src/ports/notary-client.ts'
import { decodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import type { MessageBody } from '../../../src/wire/v1/message-types.ts'
import { readReceipt, refuseReceipt } from '../../../src/wire/v1/notary-receipt.ts'
import { decodeSignature } from '../../../src/wire/v1/checkpoint.ts'
import { publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'
import { LocalNotary, START } from './local-notary.ts'
import { Deal, issueUsd, Party, registerUsd } from './settlement-builder.ts'

/** Votes of a second that may be executed for a minute, without a least timelock. */
const FOUNDING = parametersOf(TEST_ESCROW_RULES, {
  ...DEFAULT_PARAMETERS,
  'governance.votingMs': 1_000n,
  'governance.timelockMinMs': 0n,
  'governance.executionMs': 60_000n,
})
const FIRST = hashOfParameters(FOUNDING)
const [ANNE, BERT] = [new Party('anne'), new Party('bert')]
const TABLE: WeightTable = {
  source: 'bond',
  rows: [ANNE.did, BERT.did].toSorted().map((voter: Did) => ({ voter, weight: 50n })),
}
const WEIGHTS = hashOfWeights(TABLE)

async function viewOf(service: NotaryService): Promise<GovernanceView> {
  const view = await service.governance()
  if (view === undefined) throw new TypeError('not founded')
  return view
}

/** A notary with two voters. Time stands still until it is moved. */
async function founded() {
  const notary = new LocalNotary()
  const service = await notary.open({ founding: FOUNDING })
  service.publishWeights(TABLE)
  await expect.poll(async () => (await service.governance())?.weights?.hash).toBe(WEIGHTS)
  return { notary, service }
}

function idOf(envelope: Uint8Array): Hash {
  const decoded = decodeEnvelope(envelope)
  if (decoded.kind !== 'decoded') throw new TypeError(decoded.code)
  return decoded.envelope.hash
}

function proposalOf(by: Party, base: Hash, { now, timelockMs }: { now: number; timelockMs: number }): Uint8Array {
  const changes = [{ name: 'minimum.acceptMs' as const, value: 900n }]
  const body = { base, changes, weights: WEIGHTS, timelockMs } as MessageBody<'governance-propose'>
  return by.say({ type: 'governance-propose', body, now: timestampFromMs(now) })
}

const vote = (by: Party, proposal: Hash, now: number): Uint8Array =>
  by.say({ type: 'governance-vote', body: { proposal, choice: 'for' }, now: timestampFromMs(now) })
const execute = (by: Party, proposal: Hash, now: number): Uint8Array =>
  by.say({ type: 'governance-execute', body: { proposal }, now: timestampFromMs(now) })

async function funded(service: NotaryService, notary: LocalNotary, deal: Deal): Promise<void> {
  const now = timestampFromMs(notary.now)
  await service.submit(registerUsd(now))
  expect(await service.submit(issueUsd(deal.payer.did, 1_000n, { now }))).toMatchObject({ effect: 'applied' })
}

/** Up to the hold. */
async function hold(service: NotaryService, { messages }: Deal): Promise<string> {
  const { offer, award, contract, hold: held } = messages
  for (const message of [offer, award, contract, held]) {
    const { code } = await service.submit(message)
    if (code !== undefined) return code
  }
  return ''
}

const verifier = createNodeVerifier()

describe('a notary with governance', () => {
  test('takes its messages as every other: certified, answered the same again, and in the journal', async () => {
    const { notary, service } = await founded()
    const proposal = proposalOf(ANNE, FIRST, { now: notary.now, timelockMs: 10 })
    const answer = await service.submit(proposal)
    const receipt = readReceipt(answer.receipt)?.receipt
    const verify = ({ key, bytes, signature }: { key: Did; bytes: Uint8Array; signature: string }): boolean => {
      const [publicKey, raw] = [publicKeyOfDid(key), decodeSignature(signature)]
      return publicKey !== undefined && raw !== undefined && verifier.verify({ publicKey, bytes, signature: raw })
    }
    expect(receipt).toMatchObject({ kind: 'transition', transition: { event: 'proposal-made', effect: 'applied' } })
    expect(receipt && refuseReceipt(notary.set, { message: idOf(proposal), receipt }, verify)).toBeUndefined()
    const again = await service.submit(proposal)
    expect([again.effect, Buffer.compare(again.receipt, answer.receipt)]).toEqual(['exists', 0])
    const id = idOf(proposal)
    const stranger = new Party('stranger')
    expect(await service.submit(vote(stranger, id, notary.now))).toMatchObject({ code: 'GOVERNANCE_VOTER_WEIGHTLESS' })
    expect(await service.submit(vote(BERT, id, notary.now))).toMatchObject({ effect: 'applied' })
    expect(await service.submit(vote(BERT, id, notary.now))).toMatchObject({ code: 'GOVERNANCE_VOTE_EXISTS' })
    const before = await viewOf(service)
    await service.stop()
    const reopened = await notary.open({ founding: FOUNDING })
    expect(await viewOf(reopened)).toEqual(before)
    expect(before.proposals).toMatchObject([{ id, state: 'voting', tally: { for: '50', total: '100' } }])
    await reopened.stop()
  })

  test('closes votes by its clock, and new contracts are made under what was carried while old ones end as they began', async () => {
    const { notary, service } = await founded()
    const deal = new Deal(notary.set, { name: 'old', now: START, changes: { parametersHash: FIRST } })
    await funded(service, notary, deal)
    expect(await hold(service, deal)).toBe('')
    const { timelockBoundMs, sets } = await viewOf(service)
    expect([timelockBoundMs, sets[0]?.liveContracts]).toEqual([605_500, 1])
    const short = proposalOf(ANNE, FIRST, { now: notary.now, timelockMs: 605_500 })
    expect(await service.submit(short)).toMatchObject({ code: 'GOVERNANCE_TIMELOCK_SHORT' })
    const proposal = proposalOf(ANNE, FIRST, { now: notary.now, timelockMs: 605_501 })
    const id = idOf(proposal)
    await service.submit(proposal)
    for (const voter of [ANNE, BERT]) await service.submit(vote(voter, id, notary.now))
    await notary.pass(1_100)
    await expect.poll(async () => (await viewOf(service)).proposals[0]?.state).toBe('queued')
    // Whoever signs a contract with itself now does not undo it.
    const long = new Deal(notary.set, {
      name: 'long',
      now: timestampFromMs(notary.now),
      changes: {
        parametersHash: FIRST,
        timers: { ...deal.terms.timers, startMs: 299_000_000 as never, deliverMs: 300_000_000 as never },
      },
    })
    await service.submit(issueUsd(long.payer.did, 1_000n, { now: timestampFromMs(notary.now) }))
    expect(await hold(service, long)).toBe('')
    expect(await service.submit(execute(BERT, id, notary.now))).toMatchObject({ code: 'GOVERNANCE_TIMELOCK_RUNNING' })
    await notary.pass(605_600)
    expect(await service.submit(execute(BERT, id, notary.now))).toMatchObject({ effect: 'applied' })
    const view = await viewOf(service)
    expect(view.current).not.toBe(FIRST)
    const next = { now: timestampFromMs(notary.now) }
    const late = new Deal(notary.set, { name: 'late', ...next, changes: { parametersHash: FIRST } })
    expect(await hold(service, late)).toBe('BOOKS_PARAMETERS_OLD')
    const fresh = new Deal(notary.set, { name: 'fresh', ...next, changes: { parametersHash: view.current } })
    await service.submit(issueUsd(fresh.payer.did, 1_000n, next))
    expect(await hold(service, fresh)).toBe('')
    for (const message of [long.messages.start, long.messages.delivery, long.messages.accept])
      expect(await service.submit(message)).toMatchObject({ code: 'ENVELOPE_EXPIRED' })
    expect((await service.contract(long.contract))?.state).toBe('HELD')
    const after = await viewOf(service)
    expect(after.sets.map(({ hash, liveContracts }) => [hash, liveContracts])).toEqual([
      [FIRST, 1],
      [view.current, 1],
    ])
    await service.stop()
    const reopened = await notary.open({ founding: FOUNDING })
    expect(await viewOf(reopened)).toEqual(after)
    expect(notary.failures).toEqual([])
  })

  test('a journal from before governance opens, and its contracts go on', async () => {
    const notary = new LocalNotary()
    const old = await notary.open()
    const deal = new Deal(notary.set, { name: 'one', now: START })
    await funded(old, notary, deal)
    expect(await hold(old, deal)).toBe('')
    expect(await old.governance()).toBeUndefined()
    const early = proposalOf(new Party('early'), FIRST, { now: notary.now, timelockMs: 10 })
    expect(await old.submit(early)).toMatchObject({ code: 'BOOKS_GOVERNANCE_NONE' })
    await old.stop()
    const service = await notary.open({ founding: FOUNDING })
    await expect.poll(async () => (await service.governance())?.current).toBe(FIRST)
    // It was signed under a set beside, and counts for the timelock all the same.
    expect((await viewOf(service)).timelockBoundMs).toBe(605_500)
    const { start, delivery, accept } = deal.messages
    for (const message of [start, delivery, accept])
      expect(await service.submit(message)).toMatchObject({ effect: 'applied' })
    await service.stop()
    const again = await notary.open({ founding: FOUNDING })
    expect((await viewOf(again)).current).toBe(FIRST)
    await again.stop()
  })

  test.each(['append', 'high-water', 'sign'])('after a failure at %s a restart counts each vote once', async (step) => {
    const { notary, service } = await founded()
    const proposal = proposalOf(ANNE, FIRST, { now: notary.now, timelockMs: 10 })
    await service.submit(proposal)
    const id = idOf(proposal)
    const cast = vote(BERT, id, notary.now)
    notary.diesAt = step
    await expect(service.submit(cast)).rejects.toMatchObject({ code: 'NOTARY_CLOSED' })
    notary.diesAt = undefined
    const again = await notary.open({ founding: FOUNDING })
    const { effect } = await again.submit(cast)
    expect(effect).toBe(step === 'append' ? 'applied' : 'exists')
    expect((await viewOf(again)).proposals[0]?.tally).toMatchObject({ for: '50' })
  })
})
