import { expect, it } from 'vitest'
import { HOUR_MS } from '../../../src/base/time.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { Governor } from '../../../src/market/parties/governor.ts'
import { OutsideMatters } from '../../../src/market/parties/outside-matters.ts'
import { OwnAccounts } from '../../../src/market/parties/accounts/own-accounts.ts'
import type { GovernanceView } from '../../../src/ports/notary-client.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { MarketWorld } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const WEIGHTS = 'a'.repeat(64) as Hash
const PROPOSAL = 'b'.repeat(64) as Hash

it('shows a recovery that somebody asked for against the account, to the inbox and its watchers, until it is cancelled', async () => {
  const world = await MarketWorld.create()
  const { party } = await world.party(KEYS.seller, createMemoryEventLog())
  const recovery = { key: KEYS.recoverer.did, delayMs: HOUR_MS }
  await new OwnAccounts({ party, former: [], recovery }).look()
  const matters = new OutsideMatters({ party, accounts: () => [] })
  let told = 0
  party.watchInbox(() => (told += 1))
  matters.start()
  await settle()
  expect([party.inbox(), told]).toEqual([[], 1])
  const owner = KEYS.seller.did
  await world.tell('ledger-recovery-request', { owner, successor: KEYS.rival.did }, KEYS.recoverer)
  const by = world.time.now + HOUR_MS
  await matters.refresh()
  expect(party.inbox()).toEqual([])
  await world.time.advance(60_000)
  const row = { act: 'cancel-recovery', account: owner, successor: KEYS.rival.did, isNeeded: true, by }
  expect(party.inbox()).toMatchObject([row])
  expect(told).toBe(2)
  await world.tell('ledger-recovery-cancel', { owner }, KEYS.seller)
  await world.time.advance(60_000)
  expect(party.inbox()).toEqual([])
  await party.stop()
})

it('shows votes in which the key has weight, until it has voted', async () => {
  const world = await MarketWorld.create()
  const { party } = await world.party(KEYS.seller, createMemoryEventLog())
  const view = viewWith(world.time.now + HOUR_MS)
  world.notary.governance = async () => await Promise.resolve(view)
  const matters = new OutsideMatters({ party, accounts: () => [] })
  await matters.refresh()
  expect(party.inbox()).toEqual([
    {
      act: 'vote',
      proposal: PROPOSAL,
      isNeeded: false,
      by: world.time.now + HOUR_MS,
      default: 'The change of deliverMs to 5 is decided without your weight of 7.',
    },
  ])
  world.notary.submit = async () =>
    await Promise.resolve({ effect: 'applied', code: undefined, receipt: new Uint8Array(1) })
  await new Governor({ party, notary: world.notary }).vote(PROPOSAL, 'against')
  await world.time.advance(60_000)
  await matters.refresh()
  expect(party.inbox()).toEqual([])
  const stranger = await world.party(KEYS.rival, createMemoryEventLog())
  await new OutsideMatters({ party: stranger.party, accounts: () => [] }).refresh()
  expect(stranger.party.inbox()).toEqual([])
})

function viewWith(closesAt: number): GovernanceView {
  return {
    current: WEIGHTS,
    sets: [],
    beside: [],
    timelockBoundMs: 0,
    weights: { hash: WEIGHTS, source: 'stake', total: '7', rows: [{ voter: KEYS.seller.did, weight: '7' }] },
    delegations: [],
    proposals: [
      {
        id: PROPOSAL,
        state: 'voting',
        proposer: KEYS.rival.did,
        base: WEIGHTS,
        changes: [{ name: 'deliverMs', value: '5' }],
        weightsHash: WEIGHTS,
        closesAt,
      },
    ],
  } as never
}
