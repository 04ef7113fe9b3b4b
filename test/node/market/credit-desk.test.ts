import { expect, it } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { DAY_MS } from '../../../src/base/time.ts'
import { CONTRACT_TRANSFER_PREFIX } from '../../../src/core/escrow/escrow-money.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { CreditDesk, findMeant } from '../../../src/node/market/desks/credit-desk.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { MarketWorld, USD } from '../../market/parties/market-world.ts'
import { KEYS } from '../../market/parties/party-fixtures.ts'

type Issue = { readonly key: string; readonly nanos: string; readonly capNanos?: string }

async function issuer(): Promise<{
  readonly world: MarketWorld
  readonly party: Party
  readonly issue: (request: Issue) => Promise<string>
  readonly cap: () => Promise<readonly string[]>
}> {
  const world = await MarketWorld.create()
  const { party } = await world.party(KEYS.rival, createMemoryEventLog())
  const desk = new CreditDesk({ party, notary: world.notary, recovery: undefined, accounts: { accounts: [] } })
  return {
    world,
    party,
    issue: async (request) =>
      (await desk.issue({ op: 'issue', account: KEYS.buyer.did, currency: 'EUR', ...request })).status,
    cap: async () => (await world.notary.currencies({ code: 'EUR' })).capsNanos,
  }
}

it('sets the cap that is asked for, however often it was another one between', async () => {
  const { issue, cap } = await issuer()
  const seen: (readonly string[])[] = []
  for (const [index, capNanos] of ['100', '50', '1000', '50', '50', '1000'].entries()) {
    expect(await issue({ key: `k${index}`, nanos: '1', capNanos })).toBe('posted')
    seen.push(await cap())
  }
  expect(seen).toEqual([['100'], ['50'], ['1000'], ['50'], ['50'], ['1000']])
  await expect(issue({ key: 'over', nanos: '995' })).rejects.toMatchObject({ details: { code: 'LEDGER_CAP_EXCEEDED' } })
})

it('issues under a key whose digest begins as ids of contracts do', async () => {
  const { issue } = await issuer()
  const digestOf = (key: string): string => sha256Hex(`kernell/credits/issue/${KEYS.rival.did}/${key}`)
  let number = 0
  while (!digestOf(`k${number}`).startsWith(CONTRACT_TRANSFER_PREFIX)) number += 1
  expect(await issue({ key: `k${number}`, nanos: '1', capNanos: '100' })).toBe('posted')
})

it('issues nothing where the cap is refused', async () => {
  const { world, issue, cap } = await issuer()
  await issue({ key: 'first', nanos: '10', capNanos: '100' })
  await expect(issue({ key: 'second', nanos: '1', capNanos: '5' })).rejects.toMatchObject({
    code: 'MARKET_REFUSED',
    details: { code: 'LEDGER_CAP_BELOW_ISSUED' },
  })
  expect(await cap()).toEqual(['100'])
  expect(await issuedTo(world)).toBe('10')
})

it('moves no cap for a request that comes again', async () => {
  const { issue, cap } = await issuer()
  await issue({ key: 'first', nanos: '10', capNanos: '100' })
  await issue({ key: 'second', nanos: '10', capNanos: '50' })
  expect(await issue({ key: 'first', nanos: '10', capNanos: '100' })).toBe('exists')
  expect(await cap()).toEqual(['50'])
})

it('issues for the same key after a refusal that has passed', async () => {
  const { world, issue } = await issuer()
  const { now } = world.time
  const submit = world.notary.submit.bind(world.notary)
  world.notary.submit = async (bytes, options) => {
    world.time.now = now - 3_600_000
    try {
      const answer = submit(bytes, options)
      for (let turns = 0; turns < 50; turns += 1) await Promise.resolve()
      return await answer
    } finally {
      world.time.now = now
    }
  }
  await expect(issue({ key: 'first', nanos: '10' })).rejects.toMatchObject({
    details: { code: 'ENVELOPE_NOT_YET_VALID' },
  })
  world.notary.submit = submit
  expect(await issue({ key: 'first', nanos: '10' })).toBe('posted')
  expect(await issue({ key: 'first', nanos: '10' })).toBe('exists')
})

it('issues once for a key that comes with two amounts at once, and the other is a conflict', async () => {
  const { world, issue } = await issuer()
  const both = [issue({ key: 'k', nanos: '10' }), issue({ key: 'k', nanos: '6000' }), issue({ key: 'k', nanos: '10' })]
  expect(await Promise.allSettled(both)).toMatchObject([
    { value: 'posted' },
    { reason: { code: 'MARKET_KEY_REUSED' } },
    { value: 'exists' },
  ])
  expect(await issuedTo(world)).toBe('10')
})

it('remembers a key when its message and the ledger have forgotten it', async () => {
  const { world, party, issue } = await issuer()
  Object.assign(party.journal.limits, { envelopesMax: 4 })
  await issue({ key: 'order-7', nanos: '5000' })
  for (let n = 0; n < 81; n += 1) {
    await issue({ key: `later ${n}`, nanos: '1' })
    if (n % 9 === 0) world.time.now += DAY_MS
  }
  expect(party.journal.said('issue/order-7')).toBeUndefined()
  expect(await issue({ key: 'order-7', nanos: '5000' })).toBe('exists')
  await expect(issue({ key: 'order-7', nanos: '6000' })).rejects.toMatchObject({ code: 'MARKET_KEY_REUSED' })
  expect(await issuedTo(world)).toBe('5081')
})

it('issues nothing where there is no room to remember the key', async () => {
  const { world, party, issue, cap } = await issuer()
  await issue({ key: 'first', nanos: '10' })
  Object.assign(party.journal.limits, { notesMax: party.journal.fill.own[1]?.[0] })
  const second = issue({ key: 'second', nanos: '10', capNanos: '50' })
  await expect(second).rejects.toMatchObject({ code: 'EVIDENCE_FULL' })
  expect(await cap()).toEqual(['1000000000000000'])
  expect(await issuedTo(world)).toBe('10')
})

it('sets caps that are asked for at once in that order', async () => {
  const { issue, cap } = await issuer()
  await issue({ key: 'first', nanos: '1' })
  const caps = ['50', '100', '50'].map(async (capNanos, at) => await issue({ key: `k${at}`, nanos: '1', capNanos }))
  expect(await Promise.all(caps)).toEqual(['posted', 'posted', 'posted'])
  expect(await cap()).toEqual(['50'])
})

async function issuedTo(world: MarketWorld): Promise<string | undefined> {
  const all = (await world.notary.accounts({ owner: KEYS.buyer.did })).ledgers
  return all.find(({ currency }) => currency.startsWith('EUR@'))?.accounts[0]?.balanceNanos
}

it('takes a code for the currency of a listed issuer, whoever else registers one of it', async () => {
  const world = await MarketWorld.create([], { issuers: [KEYS.bank.did] })
  const { party } = await world.party(KEYS.rival, createMemoryEventLog())
  const desk = new CreditDesk({ party, notary: world.notary, recovery: undefined, accounts: { accounts: [] } })
  const own = { op: 'issue', account: KEYS.rival.did, currency: 'USD', key: 'own', nanos: '1' }
  expect((await desk.issue(own)).status).toBe('posted')
  expect(await desk.currencyOf('USD')).toBe(USD)
  expect(await findMeant(world.notary)).toEqual([USD])
  expect((await world.notary.currencies({ code: 'USD' })).currencies).toHaveLength(2)
})

it('takes a code for nothing where nobody is listed and two have registered it', async () => {
  const world = await MarketWorld.create([])
  const { party } = await world.party(KEYS.rival, createMemoryEventLog())
  const desk = new CreditDesk({ party, notary: world.notary, recovery: undefined, accounts: { accounts: [] } })
  expect(await desk.currencyOf('USD')).toBe(USD)
  await desk.issue({ op: 'issue', account: KEYS.rival.did, currency: 'USD', key: 'own', nanos: '1' })
  await expect(desk.currencyOf('USD')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  await expect(desk.currencyOf('usd')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
})
