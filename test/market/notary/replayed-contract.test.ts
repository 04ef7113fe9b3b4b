import { expect, test } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import type { TransferId } from '../../../src/core/ledger/ledger-names.ts'
import type { NotaryService } from '../../../src/market/notary/notary-service.ts'
import { prepareEnvelope } from '../../../src/wire/v1/envelope.ts'
import { LocalNotary, START } from './local-notary.ts'
import {
  Deal,
  hashOf,
  issueUsd,
  PORTABLE_HASHES,
  NETWORK,
  nonceOf,
  Party,
  registerUsd,
  STEPS,
  termsOf,
  USD,
} from './settlement-builder.ts'

const WEEK_MS = 604_800_000
const HOUR_MS = 3_600_000

/** As the payer's wallet writes it: valid for the longest time that there is. */
function longAward(deal: Deal, aud: LocalNotary['set']['id']): Uint8Array {
  const prepared = prepareEnvelope(
    {
      type: 'escrow-award',
      net: NETWORK,
      contract: deal.contract,
      seq: 1,
      prev: hashOf('any'),
      iss: deal.payer.did,
      aud,
      iat: START,
      exp: timestampFromMs(START + WEEK_MS),
      nonce: nonceOf('award'),
      body: {},
    },
    PORTABLE_HASHES.hexOfText,
  )
  return prepared.finish(deal.payer.sign(prepared.signingBytes))
}

async function spendable(service: NotaryService, deal: Deal): Promise<readonly string[]> {
  const [view] = (await service.accounts()).ledgers
  return [deal.payer.did, deal.worker.did].map(
    (did) => view?.accounts.find(({ owner, kind }) => owner === did && kind === 'available')?.balanceNanos ?? '0',
  )
}

test('a worker that keeps all messages of a contract has it run no second time, however much the notary has forgotten', async () => {
  const notary = new LocalNotary()
  const service = await notary.open()
  const { timers } = termsOf(notary.set, {
    payer: new Party('payer one').did,
    worker: new Party('worker one').did,
    salt: 'one',
    now: START,
  })
  const changes = { timers: { ...timers, refundMs: 0 as DurationMs, retainMs: 700_000 as DurationMs } }
  const deal = new Deal(notary.set, { name: 'one', now: START, changes })
  const award = longAward(deal, notary.set.id)
  await service.submit(registerUsd(START))
  await service.submit(issueUsd(deal.payer.did, 1_000n, { now: START }))
  for (const step of STEPS)
    expect((await service.submit(step === 'award' ? award : deal.messages[step])).effect).toBe('applied')
  const paid = await spendable(service, deal)
  expect(paid).toEqual(['900', '98'])
  const { signatures } = JSON.parse(new TextDecoder().decode(deal.messages.contract)).body
  for (const hours of [1, 30, 60]) {
    notary.now = START + hours * HOUR_MS
    await notary.pass(0)
    const now: Timestamp = timestampFromMs(notary.now)
    // The same key as at first, which numbers its messages anew: of the contract nothing is known any more.
    const worker = new Party('worker one')
    const about = { contract: deal.contract, now, aud: notary.set.id } as const
    const { credit: _, ...terms } = deal.terms
    const body = {
      terms: {
        ...terms,
        arbiters: { members: [...terms.arbiters.members], k: terms.arbiters.k },
        milestonesNanos: [...terms.milestonesNanos],
      },
    }
    const claim = { claimNanos: deal.terms.maxNanos, currency: USD }
    const junk = { result: hashOf('junk'), manifest: hashOf('m'), meter: hashOf('t'), verdict: hashOf('v'), ...claim }
    const again = [
      worker.say({ ...about, type: 'escrow-offer', body }),
      award,
      worker.say({ ...about, type: 'escrow-contract', body: { signatures } }),
      worker.say({ ...about, type: 'escrow-hold-request', body: {} }),
      worker.say({ ...about, type: 'escrow-start', body: {} }),
      worker.say({ ...about, type: 'escrow-delivery', body: junk }),
    ]
    for (const bytes of again) expect((await service.submit(bytes)).effect).toBe('refused')
    await notary.pass(deal.terms.timers.acceptMs)
    expect(await spendable(service, deal)).toEqual(paid)
  }
  await service.stop()
})

test('a notary that was started without a parameter set takes no new contract under it, and takes them again with it', async () => {
  const notary = new LocalNotary()
  const { set } = notary
  const offered: (readonly [string, string | undefined])[] = []
  for (const [name, changes] of [
    ['first', {}],
    ['second', { parameters: [] }],
    ['third', {}],
  ] as const) {
    const service = await notary.open(changes)
    if (name === 'first') await service.submit(registerUsd(START))
    const { effect, code } = await service.submit(new Deal(set, { name, now: START }).messages.offer)
    offered.push([effect, code])
    await service.stop()
  }
  expect(offered).toEqual([
    ['applied', undefined],
    ['refused', 'BOOKS_PARAMETERS_UNKNOWN'],
    ['applied', undefined],
  ])
})

test('a message about the ledger that is refused takes no room: its nonce is free', async () => {
  const notary = new LocalNotary()
  const service = await notary.open()
  await service.submit(registerUsd(START))
  const stranger = new Party('stranger')
  const nonce = nonceOf('of a stranger')
  const about = { now: START, nonce }
  const redeem = (amount: bigint) =>
    stranger.say({
      ...about,
      type: 'ledger-redeem',
      body: {
        id: hashOf('redeem').slice(0, 32) as TransferId,
        owner: stranger.did,
        currency: USD,
        amountNanos: amountFromNanos(amount),
        reference: 'x',
      },
    })
  expect((await service.submit(redeem(1n))).code).toBe('LEDGER_BALANCE_SHORT')
  expect((await service.submit(redeem(2n))).code).toBe('LEDGER_BALANCE_SHORT')
  await service.submit(issueUsd(stranger.did, 5n, { now: START }))
  expect((await service.submit(redeem(2n))).effect).toBe('applied')
  expect((await service.submit(redeem(3n))).code).toBe('ENVELOPE_NONCE_USED')
  await service.stop()
})
