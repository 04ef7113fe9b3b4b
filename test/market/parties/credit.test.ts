import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { HOUR_MS } from '../../../src/base/time.ts'
import { OWN_CAPABILITY } from '../../../src/core/escrow/contract-authority.ts'
import { creditBeginning, creditSettlement } from '../../../src/core/escrow/credit-account.ts'
import type { CreditTerms, EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { type BuyRequest, makeTerms } from '../../../src/market/parties/buying/buy-order.ts'
import { CONTRACTS, readTerms } from '../../../src/market/parties/contracts/contract-notes.ts'
import type { SellerPolicy } from '../../../src/market/parties/selling/seller-policy.ts'
import { hashOfBytes, taskHashOf } from '../../../src/market/parties/contracts/task-package.ts'
import { nonceOf } from '../../../src/market/parties/accounts/wallet.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { hashOfTransition, readReceipt } from '../../../src/wire/v1/notary-receipt.ts'
import { bodyOfTerms, contractIdOf, ESCROW_TERMS } from '../../../src/wire/v1/escrow-terms.ts'
import type { MarketTask } from '../../../src/wire/v1/market-frames.ts'
import {
  BUYER_POLICY,
  type BuyerNode,
  bytesOf,
  IOU,
  MarketWorld,
  nanos,
  SELLER_POLICY,
  type SellerNode,
  wanted,
} from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

type Lending = { readonly world: MarketWorld; readonly shop: SellerNode; readonly node: BuyerNode }

const PAIR = { payer: KEYS.buyer.did, worker: KEYS.seller.did, currency: IOU }

/** A seller that lends every payer so much, at 900 a task, and a buyer that pays with its own credits. */
async function openLending(lineNanos: number, log?: Parameters<MarketWorld['seller']>[0]['log']): Promise<Lending> {
  const world = await MarketWorld.create()
  const policy = { ...SELLER_POLICY, creditNanosOf: () => nanos(lineNanos) }
  const shop = await world.seller({ key: KEYS.seller, ...(log && { log }) }, { policy })
  await shop.seller.offer(world.offer({ currency: IOU, priceNanos: nanos(900) }), 'credit')
  return { world, shop, node: await world.buyer({ key: KEYS.buyer }) }
}

const onCredit = (key: string, changes: Partial<BuyRequest> = {}): BuyRequest =>
  wanted({ idempotencyKey: key, custody: 'C1', currency: IOU, peers: [KEYS.seller.did], ...changes })

function termsOf({ node }: Lending, contract: string | undefined): EscrowTerms {
  const note = node.party.journal.note(CONTRACTS, contract ?? '') as { readonly terms: string }
  return readTerms(note.terms)
}

async function endingOf(
  { world }: Lending,
  contract: string | undefined,
): Promise<ReturnType<typeof hashOfTransition>> {
  const evidence = await world.notary.evidence(contract as ContractId)
  const last = readReceipt(evidence.at(-1)?.receipt ?? new Uint8Array())
  if (last?.receipt.kind !== 'transition') throw new TypeError('no transition')
  return hashOfTransition(last.receipt.transition)
}

describe('an account in C1', () => {
  it('begins with the pair, and stands on the certified end of each contract before', async () => {
    const lending = await openLending(10_000)
    const { world, node } = lending
    let accountHead = creditBeginning(PAIR)
    let owed = 0
    for (const key of ['one', 'two', 'three']) {
      await node.buyer.buy(onCredit(key))
      const { contract } = await world.until(node, key)
      expect(termsOf(lending, contract).credit).toEqual({
        limitNanos: BigInt(owed + 900),
        owedNanos: BigInt(owed),
        accountHead,
      })
      owed += 900
      expect(await world.balance(KEYS.seller.did, 'available', IOU)).toBe(BigInt(owed))
      const id = contract as ContractId
      accountHead = creditSettlement({ accountHead, contract: id, ending: await endingOf(lending, contract) })
      await world.time.advance(20_000)
    }
    expect(world.failures).toEqual([])
  })

  it('has one contract at a time: purchases at once come one after the other', async () => {
    const lending = await openLending(10_000)
    const { world, node } = lending
    await Promise.all(['one', 'two', 'three'].map(async (key) => await node.buyer.buy(onCredit(key))))
    const orders = []
    for (const key of ['one', 'two', 'three']) orders.push(await world.until(node, key, 1_000_000))
    expect(orders.map(({ failed }) => failed)).toEqual([undefined, undefined, undefined])
    const heads = orders.map(({ contract }) => termsOf(lending, contract).credit?.accountHead)
    expect(new Set(heads).size).toBe(3)
    expect(heads).toContain(creditBeginning(PAIR))
  })

  it('is no larger than the line of the worker, over all currencies of the payer', async () => {
    const { world, node, shop } = await openLending(1_500)
    await node.buyer.buy(onCredit('one'))
    expect((await world.until(node, 'one')).failed).toBeUndefined()
    await world.time.advance(20_000)
    await node.buyer.buy(onCredit('two'))
    expect((await world.until(node, 'two')).failed).toEqual({ code: 'BUY_DECLINED', reason: 'MARKET_CREDIT_LINE' })
    const other = `OWE@${KEYS.buyer.did}` as typeof IOU
    const recovery = { recoveryKey: KEYS.notary.did, recoveryDelayMs: 3_600_000 as never }
    await world.tell('ledger-currency-register', { currency: other, capNanos: nanos(100_000), ...recovery }, KEYS.buyer)
    await shop.seller.offer(world.offer({ currency: other, priceNanos: nanos(700) }), 'other')
    await node.buyer.buy(onCredit('three', { currency: other }))
    expect((await world.until(node, 'three')).failed).toMatchObject({ reason: 'MARKET_CREDIT_LINE' })
  })

  it('is one of several: together they are bounded for all payers that have none of their own', async () => {
    const world = await MarketWorld.create()
    const policy: SellerPolicy = {
      ...SELLER_POLICY,
      creditNanosOf: () => nanos(1_000),
      hasOwnLine: (payer) => payer === KEYS.arbiter.did,
      creditTotalNanos: () => nanos(1_799),
    }
    const shop = await world.seller({ key: KEYS.seller }, { policy })
    const recovery = { recoveryKey: KEYS.notary.did, recoveryDelayMs: HOUR_MS }
    const buy = async (key: FixedKey): Promise<string | undefined> => {
      const currency = `IOU@${key.did}` as typeof IOU
      if (currency !== IOU)
        await world.tell('ledger-currency-register', { currency, capNanos: nanos(9_000), ...recovery }, key)
      await shop.seller.offer(world.offer({ currency, priceNanos: nanos(900) }), currency)
      const node = await world.buyer({ key })
      await node.buyer.buy(onCredit('one', { currency }))
      return (await world.until(node, 'one')).failed?.reason
    }
    expect(await buy(KEYS.buyer)).toBeUndefined()
    expect(await world.balance(KEYS.seller.did, 'available', IOU)).toBe(900n)
    expect(await buy(KEYS.rival)).toBe('MARKET_CREDIT_TOTAL')
    expect(await buy(KEYS.arbiter)).toBeUndefined()
  })

  it('is not passed by the buyer itself', async () => {
    const { world, shop } = await openLending(100_000)
    const node = await world.buyer({ key: KEYS.rival }, { policy: { ...BUYER_POLICY, creditNanosMax: nanos(899) } })
    const own = `IOU@${KEYS.rival.did}` as typeof IOU
    await shop.seller.offer(world.offer({ currency: own, priceNanos: nanos(900) }), 'rival')
    await node.buyer.buy(onCredit('one', { currency: own }))
    expect((await world.until(node, 'one')).failed).toMatchObject({ code: 'BUY_CREDIT_SPENT' })
  })

  it('is nothing where the worker lends nothing', async () => {
    const { world, node } = await openLending(0)
    await node.buyer.buy(onCredit('one'))
    expect((await world.until(node, 'one')).failed).toMatchObject({ reason: 'MARKET_CREDIT_LINE' })
  })
})

describe('a payer that lies about an account', () => {
  const task: MarketTask = {
    skill: 'text.word-count',
    salt: nonceOf(new Uint8Array(16)),
    inputHash: hashOfBytes(bytesOf('a')),
    inputBytes: 1,
  }

  /** Asks the seller to sign what this payer has signed. */
  async function offered(
    { node, world }: Lending,
    credit: CreditTerms,
    salt = 1,
  ): Promise<{ readonly answer: string; readonly contract: ContractId }> {
    const { party } = node
    const terms = makeTerms({
      request: { custody: 'C1', currency: IOU },
      policy: BUYER_POLICY,
      net: party.network,
      now: party.components.clock.now(),
      payer: party.did,
      worker: KEYS.seller.did,
      task,
      verifier: 'text.word-count/1',
      capabilityHash: OWN_CAPABILITY,
      priceNanos: nanos(900),
      credit,
      salt: nonceOf(new Uint8Array(16).fill(salt)),
    })
    expect(terms.taskHash).toBe(taskHashOf(task))
    const contract = contractIdOf(terms)
    const about = { aud: world.notary.set.id, subject: contract }
    const body = { terms: ESCROW_TERMS.parse(bodyOfTerms(terms)) }
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
    const validMs = 60_000 as never
    const offer = await party.wallet.say({ act: `${contract}/offer`, type: 'escrow-offer', body, validMs, ...about })
    const award = await party.wallet.say({ act: `${contract}/award`, type: 'escrow-award', body: {}, ...about })
    const predicate = '{"artifact":"result","kind":"size-within","maxBytes":67108864,"minBytes":0}'
    const papers = { offer: text(offer.bytes), award: text(award.bytes) }
    const frame = { type: 'contract', ...papers, task, predicate } as const
    const { frame: answer } = await party.components.door.ask(KEYS.seller.did, { frame })
    return { answer: answer.type === 'declined' ? answer.code : answer.type, contract }
  }

  const honest: CreditTerms = { limitNanos: nanos(900), owedNanos: nanos(0), accountHead: creditBeginning(PAIR) }

  it('is refused another head, another amount and a larger line, and signed for what is so', async () => {
    const lending = await openLending(1_000)
    expect((await offered(lending, { ...honest, accountHead: hashOfBytes(new Uint8Array()) })).answer).toBe(
      'MARKET_CREDIT_HEAD',
    )
    expect((await offered(lending, { ...honest, owedNanos: nanos(50), limitNanos: nanos(950) })).answer).toBe(
      'MARKET_CREDIT_OWED',
    )
    expect((await offered(lending, { ...honest, limitNanos: nanos(1_001) })).answer).toBe('MARKET_CREDIT_LINE')
    expect((await offered(lending, honest)).answer).toBe('cosigned')
  })

  it('gets no second signature over one head, also after the seller comes back', async () => {
    const log = createMemoryEventLog()
    const lending = await openLending(10_000, log)
    const asked = await Promise.all([offered(lending, honest, 1), offered(lending, honest, 2)])
    expect(asked.map(({ answer }) => answer).toSorted()).toEqual(['MARKET_CREDIT_OPEN', 'cosigned'])
    await lending.world.leave(lending.shop)
    const shop = await lending.world.seller({ key: KEYS.seller, log })
    expect((await offered({ ...lending, shop }, honest, 3)).answer).toBe('MARKET_CREDIT_OPEN')
    const first = asked.find(({ answer }) => answer === 'cosigned')
    // The same contract is the same signature.
    expect((await offered({ ...lending, shop }, honest, asked[0] === first ? 1 : 2)).answer).toBe('cosigned')
  })

  it('that never brings a contract to the set holds no place of the seller for longer than its offer', async () => {
    const lending = await openLending(10_000)
    const { contract } = await offered(lending, honest, 1)
    await lending.world.time.advance(60_000)
    await settle(60)
    expect((await offered(lending, honest, 2)).answer).toBe('MARKET_CREDIT_OPEN')
    await lending.world.time.advance(60_000)
    await settle(60)
    expect(lending.shop.party.journal.note(CONTRACTS, contract)).toMatchObject({ ended: 'LAPSED' })
    expect((await offered(lending, honest, 3)).answer).toBe('cosigned')
  })
})
