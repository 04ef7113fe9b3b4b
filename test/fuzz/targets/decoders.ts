import { rawEnvelope, VECTOR_CONTEXT } from '../../../scripts/protocol-vectors/vector-kit.ts'
import type { DurationMs, Timestamp } from '../../../src/base/time.ts'
import { AUDIT_START, nextAuditEntry, readAuditEntry } from '../../../src/core/audit/audit-entry.ts'
import { parseCivilDate } from '../../../src/core/models/civil-date.ts'
import { parsePriceList } from '../../../src/core/models/price-lists/parse-price-list.ts'
import type { PriceListFormat } from '../../../src/core/models/price-lists/price-row.ts'
import { readMessage } from '../../../src/market/notary/books/booked-event.ts'
import { decodeAnswerLogprobs } from '../../../src/models/openai/openai-logprobs.ts'
import { authenticate, type AuthenticateInit } from '../../../src/wire/v1/authenticate.ts'
import { canonicalBytes } from '../../../src/wire/v1/canonical.ts'
import { decodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { decodeAnnouncement } from '../../../src/wire/v1/read-announcement.ts'
import { decodeCard } from '../../../src/wire/v1/read-card.ts'
import { formatPeerAddress, parsePeerAddress } from '../../../src/wire/v1/peer-address.ts'
import { readVectors } from '../../wire/v1/read-vectors.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand, refusing } from './by-hand.ts'

const verify = (): boolean => true
const CONTEXT: AuthenticateInit = {
  verify,
  now: VECTOR_CONTEXT.now as Timestamp,
  clockSkewMs: VECTOR_CONTEXT.clockSkewMs as DurationMs,
  audience: VECTOR_CONTEXT.audience as AuthenticateInit['audience'],
  network: VECTOR_CONTEXT.network,
}
const accepted = readVectors().flatMap((vector) =>
  vector.kind === 'accepted' ? [new Uint8Array(Buffer.from(vector.bytes, 'hex'))] : [],
)
const values = accepted.map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown)
const checkedOn = parseCivilDate('2026-08-01')
const lists: Readonly<Record<PriceListFormat, unknown>> = {
  litellm: {
    sample_spec: { input_cost_per_token: 0 },
    'gemini/pro': {
      litellm_provider: 'gemini',
      mode: 'chat',
      input_cost_per_token: 1.25e-6,
      output_cost_per_token: 1e-5,
      max_input_tokens: 1_048_576,
    },
  },
  openrouter: { data: [{ id: 'a/b', pricing: { prompt: '0.000001', completion: '0.000002' }, context_length: 8_192 }] },
  portkey: {
    'gpt-x': {
      pricing_config: { pay_as_you_go: { request_token: { price: 0.0001 }, response_token: { price: 0.0002 } } },
    },
  },
  'genai-prices': [
    { id: 'openai', models: [{ id: 'gpt-x', prices: { input_mtok: 1, output_mtok: 2 }, context_window: 9 }] },
  ],
}

/** Decoders that are given more than one value, or a value that the samples of tests do not hold. */
export const DECODER_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'models/openai/openai-logprobs:decodeAnswerLogprobs',
    kind: 'json',
    covers: ['models/openai/openai-logprobs:decodeLogprobs'],
    inputs: [
      {
        content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1, bytes: null }] }],
        refusal: null,
      },
    ],
    read: decodeAnswerLogprobs,
  }),
  byHand({
    name: 'market/notary/books/booked-event:readMessage',
    kind: 'json',
    covers: [
      'wire/v1/escrow-events:readEscrowMessage',
      'wire/v1/governance-events:readGovernanceMessage',
      'wire/v1/ledger-events:readLedgerMessage',
      'market/parties/market-door:readEnvelope',
    ],
    inputs: values,
    // Hashed and signed anew, so that what is inside is looked at and not only that it was changed.
    read: (input) => {
      const { body, signature: _signature, bodyHash: _hash, ...head } = (input ?? {}) as Record<string, unknown>
      const bytes = refusing([TypeError, RangeError, SyntaxError], () => canonicalBytes(rawEnvelope(body, head)))
      if (!(bytes instanceof Uint8Array)) return undefined
      const decoded = decodeEnvelope(bytes)
      if (decoded.kind === 'refused') return undefined
      const authenticated = authenticate(decoded.envelope, CONTEXT)
      return authenticated.kind === 'refused' ? undefined : readMessage(authenticated, { verify, terms: undefined })
    },
  }),
  byHand({
    name: 'wire/v1/read-card:decodeCard',
    kind: 'bytes',
    covers: ['wire/v1/read-announcement:decodeAnnouncement'],
    inputs: accepted.filter((bytes) =>
      /"type":"(?:agent-card|auction-announcement)"/.test(Buffer.from(bytes).toString()),
    ),
    read: (input) => [decodeCard(input as Uint8Array, CONTEXT), decodeAnnouncement(input as Uint8Array, CONTEXT)],
  }),
  byHand({
    name: 'wire/v1/peer-address:parsePeerAddress',
    kind: 'text',
    covers: ['wire/v1/peer-id:parsePeerName'],
    inputs: [
      '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
      '/unix/tmp/x.sock/p2p/did:key:z6MktE11DL7wS6xoJoDMVvchCkjaMELYyNNwfydqwM42Bgd3',
    ],
    read: (input) => parsePeerAddress(String(input)),
    recheck: (result) => {
      const address = result as ReturnType<typeof parsePeerAddress>
      const again = parsePeerAddress(formatPeerAddress(address))
      return again.did === address.did && again.address === address.address
        ? undefined
        : 'another address the second time'
    },
  }),
  byHand({
    name: 'core/audit/audit-entry:readAuditEntry',
    kind: 'text',
    inputs: [
      nextAuditEntry(AUDIT_START, {
        at: 5 as Timestamp,
        event: { type: 'run-allowed', subject: 'x', count: 3 },
      }).text,
    ],
    read: (input) => readAuditEntry(AUDIT_START, String(input)),
  }),
  ...Object.entries(lists).map(([format, list]) =>
    byHand({
      name: `core/models/price-lists/parse-price-list:parsePriceList (${format})`,
      kind: 'json',
      inputs: [list],
      covers: [
        'core/models/price-lists/parse-price-list:parsePriceList',
        'core/models/price-lists/parse-flat-rows:parseFlatRows',
        'core/models/price-lists/parse-genai-prices:parseGenaiPrices',
        'core/models/price-lists/parse-litellm:parseLitellm',
        'core/models/price-lists/parse-openrouter:parseOpenrouter',
        'core/models/price-lists/parse-portkey:parsePortkey',
        'core/models/price-lists/price-row:readBasePrice',
      ],
      read: (input) =>
        checkedOn === undefined
          ? undefined
          : parsePriceList(format as PriceListFormat, input, { source: 'a list', checkedOn }),
    }),
  ),
]
