import { describe, expect, it } from 'vitest'
import { fixedKey } from '../../scripts/protocol-vectors/fixed-keys.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import type { AuditEvent } from '../../src/core/audit/audit-entry.ts'
import { readStatedRights } from '../../src/core/rights/read-stated-rights.ts'
import { createNodeSigner, createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../src/keys/verify-signature.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { GrantBook } from '../../src/rights/grant-book.ts'
import { type GivenInit, Grants } from '../../src/rights/grants.ts'
import { SANDBOX_RUN } from '../../src/rights/granted-sandbox.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'

const START = 1_900_000_000_000
const HOUR_MS = 3_600_000
const [OWNER, HELPER, OTHER] = [1, 2, 3]
const verify = verifySignatureWith(createNodeVerifier())
let drawn = 0

type Opened = { readonly grants: Grants; readonly events: AuditEvent[]; at: number }

async function open(seed: number, log: EventLog = createMemoryEventLog(), at = START): Promise<Opened> {
  const self = fixedKey(seed).did
  const book = await GrantBook.open({ self, verify, log }, { grantsMax: 72, recordsMax: 40 })
  const events: AuditEvent[] = []
  const opened = { events, at }
  const bytes = (count: number): Uint8Array<ArrayBuffer> => {
    drawn += 1
    return Uint8Array.from({ length: count }, (_, index) => (drawn >>> (8 * (index % 4))) & 0xff)
  }
  const grants = new Grants({
    issuer: { self, signer: createNodeSigner(new Uint8Array(32).fill(seed)), random: { fraction: () => 0, bytes } },
    book,
    verify,
    clock: { now: () => timestampFromMs(opened.at) },
    record: async (event) => await Promise.resolve(void events.push(event)),
  })
  return Object.assign(opened, { grants })
}

function to(seed: number, init: Partial<GivenInit> = {}): GivenInit {
  return { to: fixedKey(seed).did, action: SANDBOX_RUN, rights: {}, validMs: HOUR_MS, ...init }
}

async function chainOf({ grants }: Opened, init: GivenInit, under?: readonly string[]): Promise<readonly string[]> {
  const given = under === undefined ? await grants.issue(init) : await grants.attenuate(under, init)
  if (given.kind === 'refused') throw new Error(given.code)
  return given.chain
}

describe('grants', () => {
  it('are listed and taken back over restarts, also behind a shortened journal', async () => {
    const log = createMemoryEventLog()
    const owner = await open(OWNER, log)
    const kept = await chainOf(owner, to(HELPER))
    const gone = await chainOf(owner, to(OTHER))
    expect((await owner.grants.revoke(gone)).kind).toBe('revoked')
    for (let count = 0; count < 82; count += 1) {
      const init = to(HELPER, { validMs: 1_000 })
      if (count % 16 === 0) owner.at += 10_000
      expect((await owner.grants.issue(init)).kind).toBe('given')
    }
    expect(log.snapshot).toBeDefined()
    const again = await open(OWNER, log, owner.at + 60_000)
    expect(again.grants.list().map(({ text, isRevoked }) => [text, isRevoked])).toEqual([
      [kept[0], false],
      [gone[0], true],
    ])
    expect(again.grants.look(gone)).toMatchObject({ verdict: { kind: 'refused', code: 'CAPABILITY_REVOKED' } })
    expect((await again.grants.revoke(gone)).kind).toBe('exists')
  })

  it('are refused where they are for ever, or more than can be listed', async () => {
    const owner = await open(OWNER)
    const year = 368 * 24 * HOUR_MS
    expect(await owner.grants.issue(to(HELPER, { validMs: year }))).toMatchObject({ code: 'CAPABILITY_LIFE_LONG' })
    for (let count = 0; count < 72; count += 1) await owner.grants.issue(to(HELPER))
    expect(await owner.grants.issue(to(HELPER))).toMatchObject({ code: 'CAPABILITY_ISSUED_FULL' })
    owner.at += 2 * HOUR_MS
    expect((await owner.grants.issue(to(HELPER))).kind).toBe('given')
  })

  it('are taken back by the keys of their chain alone, of whom one may not fill the list', async () => {
    const owner = await open(OWNER)
    const [helper, stranger] = [await open(HELPER), await open(OTHER)]
    const chain = await chainOf(owner, to(HELPER))
    const refused = await stranger.grants.revoke(chain)
    expect(refused).toEqual({ kind: 'refused', code: 'CAPABILITY_REVOKER_WRONG' })
    const codes = new Set<string>()
    for (let count = 0; count < 66; count += 1) {
      const passed = await chainOf(helper, to(OTHER), chain)
      const taken = await helper.grants.revoke(passed)
      if (taken.kind === 'refused') throw new Error(taken.code)
      const outcome = await owner.grants.revoke(passed, taken.revocation)
      codes.add(outcome.kind === 'refused' ? outcome.code : outcome.kind)
    }
    expect([...codes]).toEqual(['revoked', 'CAPABILITY_REVOCATIONS_FULL'])
    // The owner has room all the same.
    expect((await owner.grants.revoke(chain)).kind).toBe('revoked')
    expect(owner.events.at(-1)).toMatchObject({ type: 'grant-revoked', by: fixedKey(OWNER).did })
  })

  it('of machines of others are not kept', async () => {
    const [owner, helper, stranger] = [await open(OWNER), await open(HELPER), await open(OTHER)]
    const chain = await chainOf(owner, to(HELPER))
    const taken = await owner.grants.revoke(chain)
    if (taken.kind === 'refused') throw new Error(taken.code)
    expect(await stranger.grants.revoke(chain, taken.revocation)).toMatchObject({ code: 'CAPABILITY_SUBJECT_WRONG' })
    expect((await helper.grants.revoke(chain, taken.revocation)).kind).toBe('revoked')
  })

  it('that are taken back while the disk fails are void at once, and never told done', async () => {
    const log = createMemoryEventLog()
    const owner = await open(OWNER, log)
    const chain = await chainOf(owner, to(HELPER))
    log.append = async () => await Promise.reject(new Error('the disk is full'))
    await expect(owner.grants.revoke(chain)).rejects.toThrow('the disk is full')
    await expect(owner.grants.revoke(chain)).rejects.toThrow('the disk is full')
    expect(owner.grants.look(chain)).toMatchObject({ verdict: { code: 'CAPABILITY_REVOKED' } })
  })

  it('do not open where a record is none', async () => {
    const log = createMemoryEventLog()
    await log.append([new TextEncoder().encode('{"type":"revoked","cid":"x"}')])
    await expect(open(OWNER, log)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })
})

describe('what somebody says of rights', () => {
  it('is read where each member is known, in its bounds and in its one form', () => {
    const rights = { codes: ['0'.repeat(64)], limits: { cpuMs: 5 }, hosts: 'any', environment: [], read: ['/a'] }
    expect(readStatedRights(rights)).toEqual(rights)
    expect(readStatedRights({})).toEqual({})
    const wrong = [
      null,
      [],
      { code: [] },
      { codes: 'all' },
      { codes: ['0'] },
      { isolation: 't6' },
      { limits: { cpuMs: 0 } },
      { limits: { cpuMs: 1.5 } },
      { limits: { cpu: 1 } },
      { hosts: ['Example.com'] },
      { hosts: Array.from({ length: 33 }, (_, index) => `h${index}.example.com`) },
      { environment: ['A B'] },
      { read: ['a'] },
      { write: ['/a/../b'] },
      { allowEmulation: 1 },
    ]
    for (const json of wrong) expect(readStatedRights(json), JSON.stringify(json)).toBeUndefined()
  })
})
