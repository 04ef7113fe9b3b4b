import { describe, expect, it } from 'vitest'
import { readGateReport, signGateReport, type GateReport } from '../../../../src/core/learning/gate/gate-report.ts'
import { GATE_DEFAULTS } from '../../../../src/core/learning/gate/gate-thresholds.ts'
import { createNodeSigner, createNodeVerifier } from '../../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../../src/keys/verify-signature.ts'

const signer = createNodeSigner(new Uint8Array(32).fill(7))
const other = createNodeSigner(new Uint8Array(32).fill(8))
const estimate = { value: 0.03, low: 0.02, high: 0.04, standardError: 0.005 }
const report: GateReport = {
  candidate: { version: 'policy-1-aaaaaaaaaaaa', sha256: 'a'.repeat(64) },
  incumbent: { version: 'priors-1', sha256: null },
  hasPassed: false,
  at: '2026-01-01T00:00:00.000Z',
  codeVersion: '0.1.0',
  seed: 1,
  data: {
    sha256: 'd'.repeat(64),
    rows: 4000,
    tasks: 4000,
    from: null,
    to: null,
    policyVersions: [],
    leakage: 'passed',
    trainingOverlap: 0,
    overlapCheckedBy: 'files',
    trainedOn: ['e'.repeat(64)],
  },
  thresholds: GATE_DEFAULTS,
  evidence: {
    kind: 'replay',
    estimator: 'replay',
    rows: 4000,
    quality: { candidate: estimate, incumbent: estimate, difference: { ...estimate, high: Number.POSITIVE_INFINITY } },
    cost: undefined,
  },
  checks: [
    { name: 'quality', figure: 0.02, bound: 0.01, hasPassed: true, said: 'better — “much”' },
    { name: 'cost', figure: null, bound: 0.05, hasPassed: false, said: 'not known' },
  ],
}
const text = signGateReport(report, signer)
const read = (changed: string, candidate?: string): ReturnType<typeof readGateReport> =>
  readGateReport(changed, {
    verify: verifySignatureWith(createNodeVerifier()),
    publicKeyHex: signer.publicKeyHex,
    ...(candidate !== undefined && { candidate }),
  })

describe('a signed gate report', () => {
  it('is read back with its reasons', () => {
    expect(read(text, 'policy-1-aaaaaaaaaaaa')).toMatchObject({
      candidate: 'policy-1-aaaaaaaaaaaa',
      incumbent: 'priors-1',
      hasPassed: false,
      at: '2026-01-01T00:00:00.000Z',
      reasons: ['cost: not known'],
    })
  })

  it('is the same text for the same report', () => {
    expect(signGateReport(report, signer)).toBe(text)
  })

  it('is refused after the change of any one byte', () => {
    const bytes = Buffer.from(text, 'utf8')
    const believed: number[] = []
    for (const at of bytes.keys()) {
      const changed = Buffer.from(bytes)
      changed[at] = (bytes[at] ?? 0) ^ 1
      if (read(changed.toString('utf8')) !== undefined) believed.push(at)
    }
    expect(believed).toEqual([])
  })

  it('is refused with white space, members in another order, or something added', () => {
    const envelope: unknown = JSON.parse(text)
    expect(read(JSON.stringify(envelope, null, 1))).toBeUndefined()
    expect(read(text.trimEnd())).toBeUndefined()
    expect(read(text.replace('{"public_key"', '{"more":1,"public_key"'))).toBeUndefined()
  })

  it('is refused when another key signed it, even with that key named in it', () => {
    const forged = signGateReport({ ...report, hasPassed: true }, other)
    expect(read(forged)).toBeUndefined()
    expect(read(forged.replace(other.publicKeyHex, signer.publicKeyHex))).toBeUndefined()
  })

  it('is refused for another artefact', () => {
    expect(read(text, 'policy-1-bbbbbbbbbbbb')).toBeUndefined()
  })

  it('is refused when the key signed something else', () => {
    const signature = Buffer.from(signer.sign(new TextEncoder().encode('{}'))).toString('hex')
    expect(read(`{"public_key":"${signer.publicKeyHex}","report":{},"signature":"${signature}"}\n`)).toBeUndefined()
  })

  it.each(['', 'null', '[]', '{}', '{"report":1}', '"text"', '{"report":{},"signature":"zz","public_key":"00"}'])(
    'is not what %j is',
    (wrong) => {
      expect(read(wrong)).toBeUndefined()
    },
  )
})
