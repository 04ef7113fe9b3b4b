import { expect, it } from 'vitest'
import { amountFromNanos, parseAmount, type Amount } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import { civilDateOfInstant } from '../../../src/core/models/civil-date.ts'
import type { Currency } from '../../../src/core/ledger/ledger-names.ts'
import { resolveConfig } from '../../../src/node/config/resolve-config.ts'
import { LatePeerMarket } from '../../../src/node/peers/late-peer-market.ts'
import { openPeers } from '../../../src/node/peers/open-peers.ts'
import type { ModelCatalog } from '../../../src/ports/model-catalog.ts'
import { decodePeerTask, encodePeerAnswer } from '../../../src/router/peers/peer-task.ts'
import { textOf } from '../../../src/router/request-facts.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'

const NOW = timestampFromMs(1_790_000_000_000)
const ISSUER = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'
const CREDITS = `USD@${ISSUER}` as Currency
const usd = (text: string): Amount => parseAmount(text) as Amount
const QUESTION = 'Who is jane@example.com?'

/** What a seller is told and what comes back, with secrets hidden or not. */
async function ask(hideSecrets: boolean): Promise<{ readonly told: string; readonly answer: string }> {
  const config = resolveConfig({
    document: {
      discover: false,
      providers: { openai: { kind: 'openai', baseUrl: 'http://127.0.0.1:1/v1', models: ['m'] } },
      router: { judge: 'openai/m' },
      peers: { currency: CREDITS, usdPerCredit: '1', tenants: ['*'], skills: ['chat.general'], minReputation: 0 },
      ...(hideSecrets && { privacy: { hideSecrets } }),
    },
    providerOrigins: {},
    environment: {},
    defaultDataDir: '/nowhere',
    baseDir: '/nowhere',
    configFile: undefined,
  })
  const market = new LatePeerMarket()
  const clock = { now: () => NOW, monotonicMs: () => 0, timeoutSignal: () => new AbortController().signal }
  const peers = await openPeers({
    config,
    market,
    clock,
    catalog: { registry: { find: () => undefined } } as unknown as ModelCatalog,
    store: createMemoryKeyValueStore(),
    timers: { schedule: () => ({ cancel: () => undefined }) },
    random: { fraction: () => 0.5, bytes: (count) => new Uint8Array(count) },
    onError: () => undefined,
  })
  let told = ''
  const seller = { seller: 'did:key:seller' as Did, node: 'did:key:node' as Did }
  const span = { validFrom: timestampFromMs(0), validUntil: timestampFromMs(NOW + 1_000_000) }
  const room = { inputBytesMax: 10_000, capacity: 2, reputationPpm: 500_000, roomNanos: usd('10') }
  const terms = { skill: 'chat.general', currency: CREDITS, priceNanos: usd('0.01'), latencyMs: durationFromMs(1_000) }
  market.attach({
    offers: [{ id: 'a'.repeat(64) as Hash, source: 'asked', ...seller, ...terms, ...span, ...room }],
    bondPerMillion: 0,
    async buy({ input, currency, maxNanos, custody }) {
      told = decodePeerTask(input).messages.map(textOf).join('')
      const agreed = { currency, priceNanos: maxNanos, feeNanos: amountFromNanos(0n), custody }
      const contract = { contract: 'c'.repeat(64), seller: seller.seller, ...agreed }
      return await Promise.resolve({
        result: encodePeerAnswer({ text: `${told} Nobody.`, finishReason: 'stop' }),
        contract,
      })
    },
  })
  const request = { messages: [{ role: 'user', content: QUESTION }] } as const
  const quote = peers?.tier.quote({
    tenant: 'default',
    isBarePrompt: true,
    isConfined: false,
    hasJudge: true,
    request,
    needsMore: false,
    tokensIn: 10,
    tokensOut: 10,
    today: civilDateOfInstant(NOW),
    elsewhereNanos: undefined,
  })
  const [entry] = quote?.entries ?? []
  if (entry === undefined) throw new Error(JSON.stringify(quote?.excluded.map(({ because }) => because)))
  const answer = await peers?.tier.open(entry).doGenerate(request)
  return { told, answer: answer?.text ?? '' }
}

it('sellers of answers are told no secrets where models outside are told none, and the answer has them again', async () => {
  const { told, answer } = await ask(true)
  expect(told).toMatch(/^Who is <kernell-email-1>\?$/)
  expect(answer).toBe(`${QUESTION} Nobody.`)
  expect(await ask(false)).toEqual({ told: QUESTION, answer: `${QUESTION} Nobody.` })
})
