import { beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { ErrorCode } from '../../../src/base/errors.ts'
import { amountFromNanos, parseAmount, type Amount } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import type { Currency } from '../../../src/core/ledger/ledger-names.ts'
import type { PeerOffer } from '../../../src/core/peer-tier/peer-offer.ts'
import { formatExplanation } from '../../../src/cli/format-explanation.ts'
import { decisionDocument } from '../../../src/node/decision-document.ts'
import { createHidingModel } from '../../../src/models/hiding-model.ts'
import type { AbortOptions } from '../../../src/ports/abort-options.ts'
import type { BoughtWork, PeerMarket, PeerPurchase } from '../../../src/ports/peer-market.ts'
import type { RouteResult } from '../../../src/ports/router.ts'
import { createPolicyService } from '../../../src/router/policy-service.ts'
import { PeerBook } from '../../../src/router/peers/peer-book.ts'
import { decodePeerTask, encodePeerAnswer } from '../../../src/router/peers/peer-task.ts'
import type { PeerTierInit } from '../../../src/router/peers/peer-tier-init.ts'
import { PeerTier } from '../../../src/router/peers/peer-tier.ts'
import { textOf } from '../../../src/router/request-facts.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { answerOf, createFixture, type Fixture, type FixtureInit, requestOf } from '../router-fixture.ts'

const NOW = timestampFromMs(1_790_000_000_000)
const CREDITS = 'USD@did:key:bank' as Currency
const usd = (text: string): Amount => parseAmount(text) as Amount

const offerOf = (name: string, price: string, changes: Partial<PeerOffer> = {}): PeerOffer => ({
  id: name.padEnd(64, '0') as Hash,
  seller: `did:key:${name}` as Did,
  node: `did:key:node-of-${name}` as Did,
  source: 'asked',
  skill: 'chat.general',
  currency: CREDITS,
  priceNanos: usd(price),
  latencyMs: durationFromMs(1_000),
  inputBytesMax: 10_000,
  validFrom: timestampFromMs(0),
  validUntil: timestampFromMs(NOW + 1_000_000),
  capacity: 2,
  reputationPpm: 500_000,
  roomNanos: usd('10'),
  ...changes,
})

type Sold = string | Error | ((purchase: PeerPurchase, signal: AbortSignal | undefined) => Promise<BoughtWork>)

/** Sells what a test says. */
class ScriptedPeers implements PeerMarket {
  offers: readonly PeerOffer[] = []
  readonly bondPerMillion = 100_000
  readonly bought: PeerPurchase[] = []
  sold: Sold = 'Bought.'

  async buy(purchase: PeerPurchase, { signal }: AbortOptions = {}): Promise<BoughtWork> {
    this.bought.push(purchase)
    const { sold } = this
    if (typeof sold === 'function') return await sold(purchase, signal)
    if (sold instanceof Error) throw sold
    return workOf(purchase, sold)
  }
}

function workOf({ sellers, currency, maxNanos, custody }: PeerPurchase, text: string): BoughtWork {
  const [first] = sellers
  const contract = {
    contract: 'c'.repeat(64),
    seller: first?.seller ?? ('' as Did),
    currency,
    priceNanos: maxNanos,
    feeNanos: amountFromNanos(maxNanos / 100n),
    custody,
  }
  return { result: encodePeerAnswer({ text, finishReason: 'stop' }), contract }
}

const ALLOWED: PeerTierInit = {
  skills: ['chat.general'],
  currency: CREDITS,
  usdNanosPerCredit: usd('0.5'),
  priceNanosMax: usd('1'),
  custody: 'C2',
  latencyMsMax: 20_000,
  reputationPpmMin: 0,
  data: { tenants: ['*'], riskMax: 'medium', hasContext: false },
}

const ACCEPTS = '{"verdict":"accept","confidence":1}'
const REJECTS = '{"verdict":"reject","confidence":1}'
/** A question that nobody thinks dangerous or hard. */
const QUESTION = 'Name three rivers of Europe.'

let peers: ScriptedPeers
let book: PeerBook
beforeEach(async () => {
  peers = new ScriptedPeers()
  peers.offers = [offerOf('a', '0.01')]
  book = await PeerBook.open({
    store: createMemoryKeyValueStore(),
    clock: { now: () => NOW },
    onError: () => undefined,
  })
})

type Guard = { readonly guard?: typeof createHidingModel }

function setUp(
  { guard, ...change }: Partial<PeerTierInit> & Guard = {},
  extra: Partial<FixtureInit> = {},
  verdict = ACCEPTS,
): Fixture {
  const timers = { schedule: () => ({ cancel: () => undefined }) }
  const clock = {
    now: () => NOW,
    monotonicMs: () => performance.now(),
    timeoutSignal: () => new AbortController().signal,
  }
  const random = { fraction: () => 0.5, bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) }
  return createFixture({
    models: [
      // Dear enough that a judge and a peer together come to less.
      { id: 'openai/dear', tier: 'premium_api', price: 1_000, script: 'The model.' },
      { id: 'openai/judge', tier: 'cheap_api', price: 1, script: verdict },
    ],
    policy: createPolicyService({ quality: 0.7, explorationRate: 0 }),
    judge: 'openai/judge',
    peers: (findJudge) =>
      new PeerTier(
        { market: peers, book, clock, timers, random, findJudge, ...(guard && { guard }) },
        { ...ALLOWED, ...change },
      ),
    ...extra,
  })
}

const askDear = async (fixture: Fixture, extra: Parameters<typeof requestOf>[1] = {}): Promise<RouteResult> =>
  await fixture.router.route(requestOf(QUESTION, extra))

function refusal(code: ErrorCode, details: CodedError['details'] = {}): CodedError {
  return new CodedError(code, { message: code, details })
}

describe('an answer of a peer', () => {
  it('is bought, judged, and recorded with its price in credits beside the dollars', async () => {
    const fixture = setUp()
    const result = await askDear(fixture)
    expect(result).toMatchObject({ tier: 'peer', provider: 'peer', route: 'cheap', verification: { isAccepted: true } })
    expect(result.answer.text).toBe('Bought.')
    const [attempt] = result.attempts
    expect(attempt).toMatchObject({
      outcome: 'accepted',
      costNanos: usd('0.005'),
      purchase: { seller: 'did:key:a', currency: CREDITS, priceNanos: usd('0.01'), usdNanosPerCredit: usd('0.5') },
    })
    expect(fixture.calls).toEqual(['openai/judge'])
    expect(result.costNanos).toBe(usd('0.005') + (result.overheadCalls[0]?.costNanos ?? 0n))
    expect(fixture.outcomes[0]?.attempts[0]?.purchase?.contract).toBe('c'.repeat(64))
  })

  it('is asked for with the texts of the messages and nothing of who asks', async () => {
    await askDear(setUp(), { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` })
    const [purchase] = peers.bought
    expect(decodePeerTask(purchase?.input ?? new Uint8Array())).toEqual({
      messages: [{ role: 'user', content: QUESTION }],
    })
    expect(JSON.stringify({ ...purchase, input: '', maxNanos: '' })).not.toMatch(/task-|tenant|default|1111/)
    expect(purchase).toMatchObject({ maxNanos: usd('0.01'), sellers: [{ seller: 'did:key:a' }], isAuction: false })
  })

  it('is asked for without secrets where these are hidden, and has them again', async () => {
    peers.sold = async (purchase) =>
      await Promise.resolve(
        workOf(purchase, `You said: ${decodePeerTask(purchase.input).messages.map(textOf).join('')}`),
      )
    const question = 'Name three rivers of Europe for jane@example.com.'
    const fixture = setUp({ guard: createHidingModel })
    const result = await fixture.router.route(requestOf(question))
    expect(result.tier).toBe('peer')
    expect(new TextDecoder().decode(peers.bought[0]?.input)).not.toContain('jane')
    expect(result.answer.text).toBe(`You said: ${question}`)
    expect(result.answer.purchase?.seller).toBe('did:key:a')
  })

  it('that a judge refuses is paid for, and a model answers', async () => {
    const fixture = setUp({}, {}, REJECTS)
    const result = await askDear(fixture)
    expect(result).toMatchObject({ tier: 'premium_api', route: 'hybrid' })
    expect(result.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['rejected', 'judge'],
      ['accepted', undefined],
    ])
    expect(book.standingOf('did:key:a' as Did)).toMatchObject({ bad: 1, streak: 0 })
  })

  it.each<readonly [ErrorCode, string, number, number]>([
    // Nothing was held, so nothing is charged; an offer that is gone is no fault of its seller.
    ['PEER_NOT_BOUGHT', 'BUY_NO_OFFER', 0, 0],
    ['PEER_NOT_BOUGHT', 'BUY_BALANCE_SHORT', 0, 0],
    ['PEER_NOT_BOUGHT', 'BUY_DECLINED', 0, 1],
    ['PEER_NOT_DELIVERED', 'EXPIRED', 0, 1],
    ['PEER_ANSWER_REFUSED', 'predicate-failed', 0, 1],
    // It may still be delivered, and paid.
    ['PEER_LATE', 'LATE', 0.005, 1],
    ['PEER_LATE', 'UNREACHED', 0.005, 0],
  ])(
    'that fails with %s (%s) escalates, costs %d dollars and counts %d against the seller',
    async (code, reason, cost, bad) => {
      peers.sold = refusal(code, { reason })
      const result = await askDear(setUp())
      expect(result.answer.text).toBe('The model.')
      expect(result.attempts[0]).toMatchObject({
        tier: 'peer',
        outcome: 'failed',
        reason: code,
        costNanos: usd(`${cost}`),
      })
      expect(book.standingOf('did:key:a' as Did).bad).toBe(bad)
    },
  )

  it('that was signed for and failed is recorded with its contract', async () => {
    const { contract } = workOf({ ...FAILED, sellers: [{ seller: 'did:key:a' as Did, node: 'did:key:n' as Did }] }, '')
    const details = {
      ...contract,
      priceNanos: `${contract.priceNanos}`,
      feeNanos: `${contract.feeNanos}`,
      reason: 'EXPIRED',
    }
    peers.sold = refusal('PEER_NOT_DELIVERED', details)
    const result = await askDear(setUp())
    expect(result.attempts[0]?.purchase).toEqual({ ...contract, usdNanosPerCredit: usd('0.5') })
  })

  it('that is no answer is paid for, since it may be, and counts against the seller', async () => {
    peers.sold = async (purchase) =>
      await Promise.resolve({ ...workOf(purchase, ''), result: new TextEncoder().encode('[]') })
    const result = await askDear(setUp())
    expect(result.attempts[0]).toMatchObject({ reason: 'MODEL_ANSWER_MALFORMED', costNanos: usd('0.005') })
    expect(book.standingOf('did:key:a' as Did).bad).toBe(1)
  })

  it('costs what was agreed where that is less than what was asked', async () => {
    peers.sold = async (purchase) => await Promise.resolve(workOf({ ...purchase, maxNanos: usd('0.004') }, 'Cheaper.'))
    expect((await askDear(setUp())).attempts[0]?.costNanos).toBe(usd('0.002'))
  })

  it('has room reserved in the budget before it is bought, and is not bought without', async () => {
    const fixture = setUp({}, { budgetNanos: usd('1.5') })
    let heldNanos = 0n
    peers.sold = async (purchase) => {
      heldNanos = fixture.budget.heldNanos
      return await Promise.resolve(workOf(purchase, 'Bought.'))
    }
    const result = await askDear(fixture)
    expect(heldNanos).toBe(usd('0.005'))
    expect(fixture.budget).toMatchObject({ heldNanos: 0n, spentNanos: result.costNanos })
    const poor = setUp({}, { budgetNanos: usd('0.004') })
    await expect(askDear(poor)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
    expect(peers.bought).toHaveLength(1)
  })

  it('is held back in a stream until it was judged', async () => {
    const stream = await setUp().router.routeStream(requestOf(QUESTION))
    expect(stream).toMatchObject({ isBuffered: true, tier: 'peer' })
  })
})

const FAILED = {
  key: 'k',
  skill: 's',
  input: new Uint8Array(),
  maxNanos: usd('0.01'),
  currency: CREDITS,
  custody: 'C2',
} as const satisfies Partial<PeerPurchase> as unknown as PeerPurchase

describe('whom a task goes to', () => {
  const whyNot = ({ decision }: RouteResult): readonly (string | undefined)[] =>
    decision.candidates.filter(({ tier }) => tier === 'peer').map(({ excludedBecause }) => excludedBecause)

  it.each<readonly [string, Partial<PeerTierInit>, Parameters<typeof requestOf>[1]]>([
    ['its tenant has not agreed to peers', { data: { ...ALLOWED.data, tenants: ['other'] } }, {}],
    ['the caller says who may see the task', {}, { controls: { tiers: ['premium_api', 'cheap_api'] } }],
    ['the caller says who may see the task', {}, { controls: { providers: ['openai'] } }],
    [
      'tools, images and forms of answers are not shown to peers',
      {},
      { request: { messages: [{ role: 'user', content: QUESTION }], responseFormat: { type: 'json-object' } } },
    ],
    [
      'the operator lets no conversation leave, but single questions',
      {},
      {
        request: {
          messages: [
            { role: 'system', content: 'Be kind.' },
            { role: 'user', content: QUESTION },
          ],
        },
      },
    ],
    ['it asks for more than is paid for a task', { priceNanosMax: usd('0.009') }, {}],
    ['it asks for another currency', { currency: 'EUR@did:key:bank' as Currency }, {}],
  ])('%s: it does not leave, and the record says so', async (because, change, extra) => {
    const fixture = setUp(change)
    const result = await askDear(fixture, extra).catch(async () => await askDear(fixture, extra))
    expect(whyNot(result)).toEqual([because])
    expect(peers.bought).toEqual([])
  })

  it('a named route and a named model leave no choice: no peer is even quoted', async () => {
    const result = await askDear(setUp(), { target: { kind: 'route', route: 'premium' } })
    expect(whyNot(result)).toEqual([])
    expect(peers.bought).toEqual([])
  })

  it('is nobody who may not be judged', async () => {
    const result = await askDear(setUp({}, { judge: undefined as never }))
    expect(whyNot(result)).toEqual(['no judge may check what a peer says'])
  })

  it('is a seller that has room: work beyond its capacity goes elsewhere', async () => {
    peers.offers = [offerOf('a', '0.01', { capacity: 1 })]
    const release = Promise.withResolvers<void>()
    peers.sold = async (purchase) => {
      await release.promise
      return workOf(purchase, 'Bought.')
    }
    const fixture = setUp()
    const first = askDear(fixture)
    await new Promise((resolve) => setImmediate(resolve))
    const second = await askDear(fixture)
    expect(whyNot(second)).toEqual(['it has all the work of this node that it takes at one time'])
    release.resolve()
    expect((await first).tier).toBe('peer')
  })

  it('is one peer at most, and another one once the first was found to lie', async () => {
    peers.offers = [offerOf('liar', '0.001'), offerOf('honest', '0.02')]
    peers.sold = async (purchase) => {
      const isLiar = purchase.sellers[0]?.seller === 'did:key:liar'
      return await Promise.resolve(workOf(purchase, isLiar ? 'Wrong.' : 'Right.'))
    }
    const judge = { id: 'openai/judge', tier: 'cheap_api', price: 1 } as const
    const fixture = setUp(
      {},
      {
        models: [
          { id: 'openai/dear', tier: 'premium_api', price: 300, script: 'The model.' },
          {
            ...judge,
            script: async ({ messages }) =>
              await Promise.resolve(answerOf(JSON.stringify(messages).includes('Wrong.') ? REJECTS : ACCEPTS)),
          },
        ],
      },
    )
    for (let at = 0; at < 12; at += 1) await askDear(fixture)
    const asked = peers.bought.map(({ sellers }) => sellers.map(({ seller }) => seller).join())
    expect(asked).toEqual([...Array<string>(2).fill('did:key:liar'), ...Array<string>(10).fill('did:key:honest')])
  })

  it('is whoever is worth it, however many known liars ask less', async () => {
    const liars = Array.from({ length: 40 }, (_, at) => offerOf(`liar${at}`, '0.0001'))
    for (const { seller } of liars) for (let lie = 0; lie < 6; lie += 1) book.count(seller, 'refuted')
    for (let answer = 0; answer < 6; answer += 1) book.count('did:key:a' as Did, 'confirmed')
    peers.offers = [...liars, offerOf('a', '0.01')]
    const { attempts } = await askDear(setUp())
    expect(attempts[0]?.purchase?.seller).toBe('did:key:a')
  })

  it('is explained with how the offer is known', async () => {
    peers.offers = [offerOf('a', '0.01', { source: 'card' }), offerOf('b', '0.05')]
    const { decision } = await askDear(setUp())
    const document = decisionDocument(decision)
    expect(document.candidates.map(({ model, offer_source }) => [model, offer_source])).toEqual(
      expect.arrayContaining([
        ['peer/chat.general/did:key:a', 'card'],
        ['peer/chat.general/did:key:b', 'asked'],
        ['openai/dear', undefined],
      ]),
    )
    expect(formatExplanation(document, 200)).toMatch(/chat\.general\/did:key:a +peer \(card\) .* planned/)
  })

  it('is an auction among those that come into question where the task is worth it', async () => {
    peers.offers = [offerOf('a', '0.02'), offerOf('b', '0.01'), offerOf('c', '0.021')]
    await askDear(setUp())
    expect(peers.bought[0]).toMatchObject({ isAuction: true, maxNanos: usd('0.02') })
    expect(peers.bought[0]?.sellers.map(({ seller }) => seller)).toEqual(['did:key:b', 'did:key:a'])
  })

  it('is remembered over a restart', async () => {
    const store = createMemoryKeyValueStore()
    const components = { store, clock: { now: () => NOW }, onError: () => undefined }
    const before = await PeerBook.open(components)
    before.count('did:key:a' as Did, 'refuted')
    before.countLatency('did:key:a' as Did, 3_000)
    await before.flush()
    await store.put('did:key:broken', new TextEncoder().encode('{"good":"much"}'))
    const after = await PeerBook.open(components)
    expect([...after.peers()]).toEqual([...before.peers()])
    expect(after.chanceOf('did:key:new' as Did, 500_000)).toBe(before.chanceOf('did:key:new' as Did, 500_000))
  })
})
