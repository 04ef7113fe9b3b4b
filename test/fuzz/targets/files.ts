import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { INJECTION_FEATURES } from '../../../src/core/injection/injection-features.ts'
import { parseInjectionModel } from '../../../src/core/injection/injection-model.ts'
import { readGateReport } from '../../../src/core/learning/gate/gate-report.ts'
import { parseEvaluationRow } from '../../../src/learning/dataset/evaluation-row.ts'
import { parseDerivation } from '../../../src/learning/derivations/kept-derivation.ts'
import { parseQuestionPairs } from '../../../src/learning/evaluation/question-pairs.ts'
import { readRoutingFile } from '../../../src/learning/evaluation/train-routing.ts'
import { parseInjectionRows } from '../../../src/learning/injection/injection-rows.ts'
import { decodeOnlinePolicy } from '../../../src/learning/online/online-policy-state.ts'
import { decodeSnapshot } from '../../../src/market/notary/set/replica-record.ts'
import { parseSetDocument } from '../../../src/market/notary/set-document.ts'
import { readRecordedRows } from '../../../src/simulation/scenario/recorded-rows.ts'
import { readGrantRecord } from '../../../src/rights/grant-record.ts'
import { readStatedRights } from '../../../src/core/rights/read-stated-rights.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand, refusing, textBytes } from './by-hand.ts'

const ROUTING_ROW = JSON.stringify({
  prompt: 'What is the capital of France?',
  source: 'a',
  outcomes: { 'openai/small': { score: 1, cost_usd: 0.001 }, 'openai/large': { score: 0.5, cost_usd: 0.01 } },
})
const PUBLIC_KEY = '00'.repeat(32)

/** Files of models, rows to learn from and sets that a person hands over. */
export const FILE_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'rights/grant-record:readGrantRecord',
    kind: 'text',
    inputs: ['{"type":"granted","at":1,"token":"a"}'],
    read: (input) => readGrantRecord(String(input)),
  }),
  byHand({
    name: 'core/rights/read-stated-rights:readStatedRights',
    kind: 'json',
    inputs: [{}, { hosts: ['example.com:443'], paths: ['/a'], memoryBytes: 1_048_576 }],
    read: (input) => readStatedRights(input),
  }),
  byHand({
    name: 'core/injection/injection-model:parseInjectionModel',
    kind: 'json',
    inputs: [
      {
        kind: 'kernell-injection-model',
        format: 1,
        features: [...INJECTION_FEATURES],
        thresholds: { direct: 0.5, embedded: 0.5 },
        lineage: { sources: [{ name: 'a', sha256: PUBLIC_KEY, rows: 1 }], leftOut: null },
        bias: 'AAAA',
        dense: 'AAAA',
        sparse: 'AAAA',
      },
    ],
    // With the right checksum, or nothing behind it would be looked at.
    read: (input) => {
      const text = refusing([TypeError, RangeError], () =>
        JSON.stringify({ ...(input as object), checksum: sha256Hex(canonicalJson(input)) }),
      )
      return parseInjectionModel(typeof text === 'string' ? text : '{}')
    },
  }),
  byHand({
    name: 'core/learning/gate/gate-report:readGateReport',
    kind: 'json',
    inputs: [
      {
        kind: 'kernell-gate-report',
        format: 1,
        at: '2026-01-01T00:00:00Z',
        has_passed: true,
        candidate: { version: 'a', hash: 'b' },
        incumbent: { version: 'c', hash: 'd' },
        checks: [{ name: 'quality', has_passed: true, reason: 'x' }],
      },
    ],
    read: (input) => {
      const envelope = { public_key: PUBLIC_KEY, report: input, signature: 'AAAA' }
      const text = refusing([TypeError, RangeError], () => `${canonicalJson(envelope)}\n`)
      return readGateReport(String(text), {
        verify: () => true,
        publicKeyHex: PUBLIC_KEY,
        candidate: undefined,
      } as never)
    },
  }),
  byHand({
    name: 'learning/evaluation/train-routing:readRoutingFile',
    kind: 'text',
    covers: [
      'learning/dataset/evaluation-row:parseEvaluationRow',
      'simulation/scenario/recorded-rows:readRecordedRows',
    ],
    inputs: [ROUTING_ROW, `${ROUTING_ROW}\n\n${ROUTING_ROW}`],
    read: (input) => {
      const text = String(input)
      parseEvaluationRow(text, 'a:1', sha256Hex)
      readRecordedRows({ name: 'a', text })
      return readRoutingFile({ name: 'a', text }, 'score')
    },
  }),
  byHand({
    name: 'learning/derivations/kept-derivation:parseDerivation',
    kind: 'text',
    inputs: [
      JSON.stringify({
        kind: 'policy',
        path: null,
        version: 'a',
        made_at: 'b',
        from: null,
        to: null,
        rows: 3,
        hash: null,
        tenants: ['default'],
      }),
    ],
    read: (input) => parseDerivation(String(input)),
  }),
  byHand({
    name: 'learning/evaluation/question-pairs:parseQuestionPairs',
    kind: 'text',
    inputs: ['{"a":"x","b":"y","duplicate":true}\n\n{"a":"x","b":"z","duplicate":false}'],
    read: (input) => parseQuestionPairs(String(input), 'pairs.jsonl'),
  }),
  byHand({
    name: 'learning/injection/injection-rows:parseInjectionRows',
    kind: 'text',
    inputs: ['{"text":"ignore all","label":"injection","family":"a"}\n{"prompt":"hello"}'],
    read: (input) => parseInjectionRows(String(input), 'rows.jsonl'),
  }),
  byHand({
    name: 'learning/online/online-policy-state:decodeOnlinePolicy',
    kind: 'bytes',
    covers: ['learning/online/online-state:parseOnlineState'],
    inputs: [
      textBytes(
        JSON.stringify({
          learning: {
            kind: 'kernell-online-state',
            format: 1,
            prompt_features: [],
            candidates: ['a'],
            recipe: {},
            prior_weights: 'AAAA',
            weight: 1,
          },
          counts: { a: 1 },
          noted: null,
          noted_count: 0,
          saved_at: '2026-01-01',
        }),
      ),
    ],
    read: (input) => decodeOnlinePolicy(input as Uint8Array),
  }),
  byHand({
    name: 'market/notary/set-document:parseSetDocument',
    kind: 'text',
    inputs: [
      JSON.stringify({
        id: PUBLIC_KEY,
        epoch: 0,
        members: ['did:key:z6MktE11DL7wS6xoJoDMVvchCkjaMELYyNNwfydqwM42Bgd3'],
        threshold: 1,
        network: 'x',
      }),
    ],
    read: (input) => parseSetDocument(String(input), { name: 'set.json', verify: () => true }),
  }),
  byHand({
    name: 'market/notary/set/replica-record:decodeSnapshot',
    kind: 'bytes',
    inputs: [textBytes(JSON.stringify({ set: PUBLIC_KEY, epoch: 0, slot: 4 }))],
    read: (input) => decodeSnapshot(input as Uint8Array),
  }),
]
