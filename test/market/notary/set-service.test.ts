import { afterEach, describe, expect, test } from 'vitest'
import type { DurationMs } from '../../../src/base/time.ts'
import { DEFAULT_PARAMETERS, type ParameterSet } from '../../../src/core/governance/parameter-set.ts'
import { hashOfWeights, type WeightTable } from '../../../src/core/governance/weight-table.ts'
import type { RemoteNotary } from '../../../src/market/notary/notary-client-remote.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { exportContract, verifyExport } from '../../../src/market/parties/contracts/contract-export.ts'
import type { MessageBody } from '../../../src/wire/v1/message-types.ts'
import { readReceipt } from '../../../src/wire/v1/notary-receipt.ts'
import { clock, World } from './set-world.ts'
import { Deal, issueUsd, Party, registerUsd, RULES, stampOf } from './settlement-builder.ts'

const verifyBytes = verifySignatureWith(createNodeVerifier())

let world: World | undefined
afterEach(async () => {
  const failures = world?.seats.flatMap((seat) => seat.failures) ?? []
  for (const seat of world?.seats ?? []) await seat.stop()
  world = undefined
  expect(failures).toEqual([])
})

async function opened(founding?: ParameterSet): Promise<{ world: World; client: RemoteNotary }> {
  world = new World(founding === undefined ? {} : { founding })
  await world.start()
  return { world, client: await world.client() }
}

async function settle(client: RemoteNotary, deal: Deal): Promise<void> {
  const now = clock.now()
  await client.submit(registerUsd(now))
  await client.submit(issueUsd(deal.payer.did, 1_000n, { now }))
  for (const message of deal.all) expect(await client.submit(message)).toMatchObject({ effect: 'applied' })
}

describe('the governance of a notary set of four', () => {
  test('begins, has the weights that a quorum of operators gave, and takes votes through any member', async () => {
    const founding = { ...DEFAULT_PARAMETERS, 'governance.votingMs': 400n, 'governance.timelockMinMs': 0n }
    const { world: four, client } = await opened(founding)
    await expect.poll(async () => (await client.governance())?.current, { timeout: 10_000 }).toBeDefined()
    const voter = new Party('voter')
    const table: WeightTable = { source: 'stake', rows: [{ voter: voter.did, weight: 1n }] }
    const [first, second, third] = four.seats
    first?.service?.publishWeights(table)
    // One operator alone decides nothing, and holds nothing up for long.
    await client.submit(registerUsd(clock.now()))
    expect((await client.governance())?.weights).toBeNull()
    for (const seat of [second, third]) seat?.service?.publishWeights(table)
    const hash = hashOfWeights(table)
    await expect.poll(async () => (await client.governance())?.weights?.hash, { timeout: 10_000 }).toBe(hash)
    const { current: base = RULES.hash } = (await client.governance()) ?? {}
    const changes = [{ name: 'fee.perMillionMax' as const, value: 1n }]
    const body = { base, changes, weights: hash, timelockMs: 1 } as MessageBody<'governance-propose'>
    const proposal = voter.say({ type: 'governance-propose', body, now: clock.now() })
    const answer = await client.submit(proposal)
    expect(answer).toMatchObject({ effect: 'applied' })
    expect(readReceipt(answer.receipt)?.receipt).toMatchObject({ certificate: { signatures: [{}, {}, {}] } })
    const id = (await client.governance())?.proposals[0]?.id ?? RULES.hash
    const cast = voter.say({ type: 'governance-vote', body: { proposal: id, choice: 'for' }, now: clock.now() })
    expect(await client.submit(cast)).toMatchObject({ effect: 'applied' })
    await expect.poll(async () => (await client.governance())?.proposals[0]?.state, { timeout: 10_000 }).toBe('queued')
    const now = clock.now()
    const executed = voter.say({ type: 'governance-execute', body: { proposal: id }, now })
    expect(await client.submit(executed)).toMatchObject({ effect: 'applied' })
    expect((await client.governance())?.current).not.toBe(base)
    await expect.poll(async () => (await four.heads()).size).toBe(1)
  }, 30_000)
})

describe('a notary set of four', () => {
  test('settles a contract with certificates of three, and all members come to one journal', async () => {
    const { world: four, client } = await opened()
    const deal = new Deal(four.set, { name: 'one', now: clock.now() })
    await settle(client, deal)
    const answer = await client.submit(deal.messages.accept)
    const receipt = readReceipt(answer.receipt)?.receipt
    expect(receipt).toMatchObject({ kind: 'transition', certificate: { signatures: [{}, {}, {}] } })
    expect(await client.contract(deal.contract)).toMatchObject({ transitions: [{}, {}, {}, {}, {}, {}, {}] })
    await expect.poll(async () => (await four.heads()).size).toBe(1)
  }, 20_000)

  test('names the first block at or behind a stamp alike, however late it is asked', async () => {
    const { world: four, client } = await opened()
    await client.submit(registerUsd(clock.now()))
    const from = clock.now()
    await expect.poll(() => clock.now() > from).toBe(true)
    const after = clock.now()
    expect(await client.firstSince(after)).toBeUndefined()
    await client.submit(stampOf('one', clock.now()))
    const first = await client.firstSince(after)
    expect(first?.certificate.signatures).toHaveLength(3)
    expect(first?.at).toBeGreaterThanOrEqual(after)
    await client.submit(stampOf('two', clock.now()))
    const later = await client.firstSince(after)
    expect([later?.slot, later?.block]).toEqual([first?.slot, first?.block])
    await expect.poll(async () => (await four.heads()).size).toBe(1)
  }, 20_000)

  test.each([
    { who: 'a member that follows', index: 3 },
    { who: 'the leader', index: 0 },
  ])(
    'settles while $who is away, which comes to the same journal when it is back',
    async ({ index }) => {
      const { world: four, client } = await opened()
      const deal = new Deal(four.set, { name: 'two', now: clock.now() })
      await client.submit(registerUsd(clock.now()))
      await four.seats[index]?.stop()
      await settle(client, deal)
      await four.seats[index]?.start()
      await expect.poll(async () => (await four.heads()).size, { timeout: 10_000 }).toBe(1)
      const [head] = await four.heads()
      expect(head).toContain('"index":9')
    },
    30_000,
  )

  test('brings a member up to date that comes back when all that was ordered has expired', async () => {
    const { world: four, client } = await opened()
    const away = four.seats[3]
    await away?.stop()
    await settle(client, new Deal(four.set, { name: 'late', now: clock.now() }))
    if (away !== undefined) away.aheadMs = 100 * 86_400_000
    await away?.start()
    await expect.poll(async () => (await four.heads()).size, { timeout: 10_000 }).toBe(1)
    const [head] = await four.heads()
    expect(head).toContain('"index":9')
  }, 30_000)

  test('gives byte-equal receipts after all members have started again', async () => {
    const { world: four, client } = await opened()
    const deal = new Deal(four.set, { name: 'three', now: clock.now() })
    await settle(client, deal)
    await expect.poll(async () => (await four.heads()).size).toBe(1)
    const before = await receipts(four, deal)
    const evidence = await client.evidence(deal.contract)
    for (const seat of four.seats) await seat.stop()
    await four.start()
    expect(await receipts(four, deal)).toEqual(before)
    expect(await client.evidence(deal.contract)).toEqual(evidence)
    await client.submit(issueUsd(deal.worker.did, 5n, { now: clock.now() }))
    await expect.poll(async () => (await four.heads()).size).toBe(1)
  }, 30_000)

  test('refuses by the word of two members, and changes nothing', async () => {
    const { world: four, client } = await opened()
    const deal = new Deal(four.set, { name: 'four', now: clock.now() })
    await client.submit(registerUsd(clock.now()))
    await expect.poll(async () => (await four.heads()).size).toBe(1)
    const heads = await four.heads()
    const answer = await client.submit(deal.messages.award)
    expect(answer).toMatchObject({ effect: 'refused', code: 'BOOKS_CONTRACT_UNKNOWN' })
    expect(readReceipt(answer.receipt)?.receipt).toMatchObject({ kind: 'statement', signatures: [{}, {}] })
    expect(await client.contract(deal.contract)).toBeUndefined()
    expect(await four.heads()).toEqual(heads)
    expect(await client.submit(deal.messages.offer)).toMatchObject({ effect: 'applied' })
    expect(await client.submit(deal.messages.award)).toMatchObject({ effect: 'applied' })
  }, 20_000)

  test('ends an offer that nobody took when its time is over', async () => {
    const { world: four, client } = await opened()
    const timersOf = new Deal(four.set, { name: 'base', now: clock.now() }).terms.timers
    const changes = { timers: { ...timersOf, offerMs: 400 as DurationMs } }
    const deal = new Deal(four.set, { name: 'five', now: clock.now(), changes })
    await client.submit(registerUsd(clock.now()))
    expect(await client.submit(deal.messages.offer)).toMatchObject({ effect: 'applied' })
    await expect
      .poll(async () => (await client.contract(deal.contract))?.transitions.length, { timeout: 5_000 })
      .toBe(2)
    expect(await client.contract(deal.contract)).toMatchObject({ state: 'ABORTED' })
    // The step that nobody sent is evidence like any other.
    const file = await exportContract(client, deal.contract, verifyBytes)
    expect(file && verifyExport(file, { verify: verifyBytes, set: four.set })).toMatchObject({
      kind: 'verified',
      state: { kind: 'ABORTED' },
    })
    await expect.poll(async () => (await four.heads()).size).toBe(1)
  }, 20_000)
})

/** What each member says to each message again. */
async function receipts({ seats }: World, deal: Deal): Promise<readonly (readonly string[])[]> {
  return await Promise.all(
    seats.map(async ({ service }) => {
      const answers = await Promise.all(deal.all.map(async (message) => await service?.submit(message)))
      return answers.map((answer) => new TextDecoder().decode(answer?.receipt))
    }),
  )
}
