import { Artifact } from '@a2a-js/sdk'
import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/base/canonical-json.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import type { AskedPayment } from '../../../src/ports/agent-peers.ts'
import type { ControlRequest } from '../../../src/node/control/control-request.ts'
import type { NodeMarket } from '../../../src/node/market/market-init.ts'
import { textPart } from '../../../src/node/a2a/filed-task.ts'
import { MarketPayer, type PaymentQuote } from '../../../src/node/a2a/payment/market-payer.ts'
import type { PaymentParams, PaymentRequest } from '../../../src/node/a2a/payment/payment-documents.ts'
import { encodePaidOutput, nameOfInput } from '../../../src/node/a2a/payment/task-documents.ts'

const ACCOUNT = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK' as PaymentParams['account']
const OTHER = 'did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH' as PaymentParams['account']
const SET = 'a'.repeat(64) as PaymentParams['notarySet']
const CONTRACT = 'c'.repeat(64)
const USD = `USD@${OTHER}` as PaymentRequest['currency']
const TASK = { taskId: 'task-1', skill: 'plan', parts: [textPart('Plan it')] }
const { hash, sizeBytes } = nameOfInput(TASK)

const REQUEST: PaymentRequest = {
  v: 1,
  kind: 'request',
  taskId: 'task-1',
  skill: 'plan',
  sells: 'a2a/plan',
  account: ACCOUNT,
  node: ACCOUNT,
  addresses: ['/unix/srv/other.sock', '/ip4/192.0.2.7/tcp/4001'],
  notarySet: SET,
  priceNanos: '250000000',
  currency: USD,
  custody: 'C2',
  inputHash: hash,
  inputBytes: sizeBytes,
  deliverMs: 60_000,
  offer: '{}',
}

const PARAMS: PaymentParams = {
  v: 1,
  account: ACCOUNT,
  node: ACCOUNT,
  addresses: [],
  notarySet: SET,
  prices: [{ skill: 'plan', sells: 'a2a/plan', priceNanos: '250000000', currency: USD }],
}

type Played = { readonly market: NodeMarket; readonly asked: ControlRequest[]; readonly told: string[] }

/** A market whose purchases come to these states, one after the other: `unsigned` has no contract, `unknown` is one that the set does not know yet. */
function play(states: readonly string[], result: Uint8Array = new Uint8Array()): Played {
  const asked: ControlRequest[] = []
  const told: string[] = []
  let look = 0
  const stateNow = (): string => states[Math.min(Math.max(0, look - 1), states.length - 1)] ?? ''
  const answers: Readonly<Record<string, () => JsonValue>> = {
    currency: () => ({ currency: USD }),
    buy: () => ({ effect: 'applied' }),
    purchase: () => {
      const state = states[Math.min(look, states.length - 1)] ?? ''
      look += 1
      if (state === 'unsigned' || state === 'unknown')
        return { contract: state === 'unknown' ? CONTRACT : null, view: null, ended: null, failed: null }
      if (state === 'failed')
        return { contract: null, view: null, ended: null, failed: { code: 'BUY_DECLINED', message: 'no', remedy: '' } }
      return {
        contract: CONTRACT,
        ended: null,
        failed: null,
        view: { state, transitions: [], resultHash: 'd'.repeat(64) },
      }
    },
    export: () => ({ text: 'the evidence' }),
    'call-off': () => ({ isCalledOff: stateNow() === 'unsigned' }),
    act: () => ({ state: stateNow(), effect: stateNow() === 'HELD' ? 'applied' : 'refused' }),
    result: () => ({ bytes: Buffer.from(result).toString('base64url') }),
  }
  const market = {
    set: { id: SET },
    transport: { addPeer: (_peer: string, address: string) => told.push(address) },
    ask: async (request: ControlRequest) => {
      asked.push(request)
      return await Promise.resolve({
        kind: 'json',
        body: answers[typeof request['op'] === 'string' ? request['op'] : '']?.() ?? null,
      })
    },
  } as unknown as NodeMarket
  return { market, asked, told }
}

function payerOn({ market }: Played, { maxNanos = 300_000_000n } = {}) {
  const quotes: PaymentQuote[] = []
  const payer = new MarketPayer({
    market,
    maxNanos: amountFromNanos(maxNanos),
    answerBytesMax: 10_000,
    onQuote: (quote) => quotes.push(quote),
  })
  return { payer, quotes }
}

const asks = (request: object = {}, declared: object = {}, more: Partial<AskedPayment> = {}): AskedPayment => ({
  peer: 'planner',
  declared: { ...PARAMS, ...declared },
  asked: { ...REQUEST, ...request },
  taskId: 'task-1',
  skill: 'plan',
  text: 'Plan it',
  ...more,
})

describe('who pays a peer', () => {
  it('says what is paid to whom, buys of that seller alone for this task alone, and shows the held contract', async () => {
    const played = play(['AGREED', 'HELD'])
    const { payer, quotes } = payerOn(played)
    expect(await payer.pay(asks(), {})).toEqual({ v: 1, kind: 'payment', contract: CONTRACT, evidence: 'the evidence' })
    expect(quotes).toMatchObject([{ peer: 'planner', account: ACCOUNT, priceNanos: '250000000', currency: USD }])
    const buy = played.asked.find(({ op }) => op === 'buy')
    expect(buy).toMatchObject({
      sellers: ACCOUNT,
      nodes: ACCOUNT,
      nanos: '250000000',
      currency: USD,
      skill: 'a2a/plan',
    })
    expect(buy?.['accept']).toContain('task-1')
    // A socket of this machine is not believed of somebody else.
    expect(played.told).toEqual(['/ip4/192.0.2.7/tcp/4001'])
  })

  it.each<[string, AskedPayment, { readonly maxNanos?: bigint }?]>([
    ['more than was allowed', asks(), { maxNanos: 249_999_999n }],
    ['another price than the card says', asks({ priceNanos: '1' })],
    ['a payment to somebody else', asks({ account: OTHER })],
    ['a payment at another node', asks({ node: OTHER })],
    ['a skill without a price on the card', asks({ skill: 'other' })],
    [
      'another currency',
      asks({ currency: `EUR@${OTHER}` }, { prices: [{ ...PARAMS.prices[0], currency: `EUR@${OTHER}` }] }),
    ],
    ['another task', asks({ taskId: 'task-2' })],
    ['another input', asks({ inputHash: 'b'.repeat(64) })],
    ['other work than was sent', asks({}, {}, { text: 'Something else' })],
    ['another skill than was sent', asks({}, {}, { skill: 'route' })],
    ['another notary set', asks({ notarySet: 'b'.repeat(64) })],
    ['a payment that its card does not declare', asks({}, {}, { declared: {} })],
  ])('pays nothing to who asks for %s', async (_what, asked, init) => {
    const played = play(['HELD'])
    const { payer, quotes } = payerOn(played, init)
    await expect(payer.pay(asked, {})).rejects.toMatchObject({ code: 'A2A_PAYMENT_REFUSED' })
    expect([quotes, played.asked.filter(({ op }) => op === 'buy'), played.told]).toEqual([[], [], []])
  })

  it('pays nothing for what is no request, and nothing that the market declines or lets expire', async () => {
    const { payer } = payerOn(play(['HELD']))
    await expect(payer.pay(asks({ more: 1 }), {})).rejects.toMatchObject({ code: 'A2A_PAYMENT_INVALID' })
    await expect(payerOn(play(['failed'])).payer.pay(asks(), {})).rejects.toMatchObject({ code: 'MARKET_REFUSED' })
    await expect(payerOn(play(['AGREED', 'ABORTED'])).payer.pay(asks(), {})).rejects.toMatchObject({
      code: 'A2A_PAYMENT_ENDED',
    })
  })

  it('gives a contract up by its own signature, and does not throw where seller or market do not answer', async () => {
    const played = play(['HELD', 'WORKING'])
    const { payer } = payerOn(played)
    // Nothing was bought.
    await payer.giveUp()
    expect(played.asked).toEqual([])
    await payer.pay(asks(), {})
    await payer.giveUp()
    const key = played.asked.find(({ op }) => op === 'buy')?.['key'] as string
    const act = { op: 'act', act: 'cancel', contract: CONTRACT, key: `${key}/cancel` }
    expect(played.asked.filter(({ op }) => op === 'act')).toEqual([act])
    played.market.ask = async () => await Promise.reject(new CodedError('NETWORK_CLOSED', { message: 'gone' }))
    await payer.giveUp()
  })

  it('calls off what is not signed yet, and signs the end of a contract once its set takes that', async () => {
    const leave = new CodedError('REQUEST_ABORTED', { message: 'left' })
    const left = async (states: readonly string[]) => {
      const leaving = new AbortController()
      const played = play(states)
      const { ask } = played.market
      played.market.ask = async (request) => {
        if (request['op'] === 'purchase') leaving.abort(leave)
        return await ask(request)
      }
      const { payer } = payerOn(played)
      await expect(payer.pay(asks(), { signal: leaving.signal })).rejects.toThrow('left')
      await payer.giveUp()
      return played.asked.map(({ op }) => op)
    }
    expect(await left(['unsigned'])).toEqual(['currency', 'buy', 'purchase', 'call-off'])
    expect((await left(['unknown', 'unknown', 'AWARDED', 'HELD'])).slice(3)).toEqual([
      'call-off',
      'purchase',
      'purchase',
      'act',
      'purchase',
      'act',
    ])
  })

  it('has nothing to give up of a contract that has ended unpaid', async () => {
    const played = play(['HELD', 'VOIDED'])
    const { payer } = payerOn(played)
    await payer.pay(asks(), {})
    await payer.giveUp()
    expect(played.asked.filter(({ op }) => op === 'act')).toEqual([])
  })

  it('takes what was delivered, and nothing else that the peer says it made', async () => {
    const artifact = { artifactId: 'a', name: 'Answer', parts: [textPart('A plan')] }
    const result = encodePaidOutput({ taskId: 'task-1', artifacts: [artifact] })
    const said = (text: string): JsonValue =>
      JSON.parse(
        JSON.stringify([
          Artifact.toJSON({
            ...artifact,
            parts: [textPart(text)],
            description: '',
            metadata: undefined,
            extensions: [],
          }),
        ]),
      ) as JsonValue
    const open = async (): Promise<MarketPayer> => {
      const { payer } = payerOn(play(['HELD', 'DELIVERED', 'FINAL'], result))
      await payer.pay(asks(), {})
      return payer
    }
    const paid = { contract: CONTRACT, account: ACCOUNT, priceNanos: '250000000', currency: USD, state: 'FINAL' }
    expect(await (await open()).collect(said('A plan'), {})).toEqual({ text: 'A plan', paid })
    expect(await (await open()).collect(undefined, {})).toEqual({ text: 'A plan', paid })
    await expect((await open()).collect(said('A worse plan'), {})).rejects.toMatchObject({
      code: 'A2A_PAID_WORK_FAILED',
      details: { contract: CONTRACT },
    })
    const { payer } = payerOn(play(['HELD', 'FINAL'], new TextEncoder().encode('{"v":1}')))
    await payer.pay(asks(), {})
    await expect(payer.collect(undefined, {})).rejects.toMatchObject({ code: 'A2A_PAID_WORK_FAILED' })
  })
})
