import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ProgramCallVector, programCallVectorsText } from '../../scripts/protocol-vectors/program-call-vectors.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { parseDid, parseHash } from '../../src/core/evidence/names.ts'
import { policyOfGrant } from '../../src/core/rights/check-call.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../src/keys/verify-signature.ts'
import { AuditJournal } from '../../src/rights/audit-journal.ts'
import { CallDesk } from '../../src/rights/call-desk.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'

const TEXT = readFileSync(new URL('../../protocol/vectors/v1/program-calls.json', import.meta.url), 'utf8')
const { vectors } = JSON.parse(TEXT) as { readonly vectors: readonly ProgramCallVector[] }

describe('the vectors of program calls', () => {
  it('are the ones that the script writes', () => {
    expect(programCallVectorsText()).toBe(TEXT)
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length)
  })

  it.each(vectors)('$name: $outcome', async ({ chain, orders, at, owner, action, code: hash, outcome, policy }) => {
    const [self, code] = [parseDid(owner), parseHash(hash)]
    if (self === undefined || code === undefined) throw new Error('the vector names no owner or no program')
    const signal = new AbortController().signal
    const clock = { now: () => timestampFromMs(at), monotonicMs: () => 0, timeoutSignal: () => signal }
    const { journal, used } = await AuditJournal.open({ log: createMemoryEventLog(), clock })
    const verify = verifySignatureWith(createNodeVerifier())
    const desk = new CallDesk({ self, verify, clock, journal, used })
    const verdicts = []
    for (const order of orders) verdicts.push(await desk.admit({ order, chain, action, code }))
    const last = verdicts.at(-1)
    expect(last?.kind === 'refused' ? last.code : last?.kind).toBe(outcome)
    if (last?.kind === 'granted') expect(policyOfGrant(last)).toEqual(policy)
  })
})
