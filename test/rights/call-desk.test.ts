import { describe, expect, it } from 'vitest'
import { fixedKey } from '../../scripts/protocol-vectors/fixed-keys.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { argsOfDemand, type CallDemand } from '../../src/core/rights/call-demand.ts'
import { type StatedRights, ALL_RIGHTS } from '../../src/core/rights/rights.ts'
import { createNodeSigner, createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../src/keys/verify-signature.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { SandboxPolicy } from '../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxRequest, SandboxResult } from '../../src/ports/sandbox-runtime.ts'
import { AuditJournal } from '../../src/rights/audit-journal.ts'
import { CallDesk, type ShownRight } from '../../src/rights/call-desk.ts'
import { hashOfProgram, runGranted, SANDBOX_RUN } from '../../src/rights/granted-sandbox.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'
import { type IssuedGrant, type IssuerComponents, issueGrant, issueOrder } from '../../src/rights/issue-right.ts'
import { invocationSignedBytes, issueToken } from '../../src/wire/ucan/token-codec.ts'

const START = 1_900_000_000_000
const END = START / 1_000 + 600
const [OWNER, HELPER, OTHER] = [1, 2, 3]
const PROGRAM = { kind: 'script', source: 'export const answer = 42' } as const
const CODE = hashOfProgram({ program: PROGRAM })
const RIGHTS: StatedRights = {
  codes: [CODE],
  isolation: 't2',
  limits: { cpuMs: 1_000, memoryBytes: 33_554_432 },
  hosts: ['*.example.com'],
  environment: ['LANG'],
  read: ['/data'],
  write: [],
  allowEmulation: false,
}
const DEMAND: CallDemand = {
  code: CODE,
  isolation: 't2',
  limits: { wallMs: 1_000, cpuMs: 500, memoryBytes: 16_777_216, outputBytes: 1_000, processes: 1, diskBytes: 0 },
  hosts: ['api.example.com'],
  environment: [],
  read: ['/data/in'],
  write: [],
  allowEmulation: false,
}
let drawn = 0

type Link = { from: number; to: number; rights?: StatedRights; cmd?: string; sub?: number }

function link({ from, to, rights = RIGHTS, cmd = '/sandbox', sub = OWNER }: Link): IssuedGrant {
  const init = { to: fixedKey(to).did, owner: fixedKey(sub).did, action: cmd, rights, exp: END }
  const issued = issueGrant(issuerOf(from), init)
  if (issued.kind === 'refused') throw new Error(issued.code)
  return issued
}

type Order = {
  by?: number
  chain: IssuedGrant[]
  demand?: CallDemand
  cmd?: string
  sub?: number
  aud?: number
  exp?: number
}

function order({
  by = HELPER,
  chain,
  demand = DEMAND,
  cmd = SANDBOX_RUN,
  sub = OWNER,
  aud,
  exp = END,
}: Order): ShownRight {
  const owner = fixedKey(sub).did
  if (aud === undefined) {
    const issued = issueOrder(issuerOf(by), { owner, action: cmd, demand, chain, exp })
    if ('kind' in issued) throw new Error(issued.code)
    return issued
  }
  // Nobody of ours orders of somebody else than the owner.
  const { self: iss, signer, random } = issuerOf(by)
  const prf = chain.map(({ cid }) => cid)
  const head = { iss, sub: owner, aud: fixedKey(aud).did, cmd, args: argsOfDemand(demand), prf, exp }
  const bytes = invocationSignedBytes({ ...head, nonce: random.bytes(16) })
  const issued = issueToken(bytes, (signed) => signer.sign(signed))
  if (issued.kind === 'refused') throw new Error(issued.code)
  return { order: issued.text, chain: chain.map(({ text }) => text) }
}

function issuerOf(seed: number): IssuerComponents {
  const bytes = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(count).fill((drawn += 1))
  return {
    self: fixedKey(seed).did,
    signer: createNodeSigner(new Uint8Array(32).fill(seed)),
    random: { fraction: () => 0, bytes },
  }
}

async function deskOn(
  log: EventLog,
  now: () => number = () => START,
): Promise<{ desk: CallDesk; journal: AuditJournal }> {
  const clock = {
    now: () => timestampFromMs(now()),
    monotonicMs: () => 0,
    timeoutSignal: () => new AbortController().signal,
  }
  const { journal, used } = await AuditJournal.open({ log, clock }, { entriesMax: 8, entriesKept: 2 })
  const verify = verifySignatureWith(createNodeVerifier())
  return { desk: new CallDesk({ self: fixedKey(OWNER).did, verify, clock, journal, used }), journal }
}

async function codeOf(
  shown: ShownRight,
  asked: { code?: typeof CODE; action?: string; now?: number } = {},
): Promise<string> {
  const { desk } = await deskOn(createMemoryEventLog(), () => asked.now ?? START)
  const verdict = await desk.admit({ ...shown, action: asked.action ?? SANDBOX_RUN, code: asked.code ?? CODE })
  return verdict.kind === 'refused' ? verdict.code : verdict.kind
}

describe('a call by capability', () => {
  const chain = [link({ from: OWNER, to: HELPER })]

  it('is granted once, also after a restart and when asked twice at once', async () => {
    const log = createMemoryEventLog()
    const { desk } = await deskOn(log)
    const shown = { ...order({ chain }), action: SANDBOX_RUN, code: CODE }
    const verdicts = await Promise.all([desk.admit(shown), desk.admit(shown)])
    expect(verdicts.map((verdict) => (verdict.kind === 'refused' ? verdict.code : verdict.kind))).toEqual([
      'granted',
      'CAPABILITY_REPLAYED',
    ])
    const again = await deskOn(log)
    expect(await again.desk.admit(shown)).toEqual({ kind: 'refused', code: 'CAPABILITY_REPLAYED' })
    expect([...again.journal.entries()].map(({ event }) => [event.type, event['reason']])).toEqual([
      ['call-granted', undefined],
      ['call-refused', 'CAPABILITY_REPLAYED'],
      ['call-refused', 'CAPABILITY_REPLAYED'],
    ])
    expect(again.journal.verify().ok).toBe(true)
  })

  it('is refused the second time also when the journal has dropped the entry of the first', async () => {
    const log = createMemoryEventLog()
    const { desk, journal } = await deskOn(log)
    const shown = { ...order({ chain }), action: SANDBOX_RUN, code: CODE }
    expect((await desk.admit(shown)).kind).toBe('granted')
    for (let count = 0; count < 20; count += 1) await desk.admit({ ...shown, action: '/other' })
    expect([...journal.entries()].map(({ event }) => event.type)).not.toContain('call-granted')
    const again = await deskOn(log)
    expect(await again.desk.admit(shown)).toEqual({ kind: 'refused', code: 'CAPABILITY_REPLAYED' })
  })

  it('is refused with a code of its own for each thing that is wrong', async () => {
    const other = hashOfProgram({ program: { kind: 'script', source: 'export const answer = 43' } })
    expect(await codeOf(order({ chain }))).toBe('granted')
    expect(await codeOf(order({ chain }), { now: START + 601_000 })).toBe('CAPABILITY_EXPIRED')
    expect(await codeOf(order({ chain }), { code: other })).toBe('CAPABILITY_CODE_OTHER')
    expect(await codeOf(order({ chain, demand: { ...DEMAND, code: other } }), { code: other })).toBe(
      'CAPABILITY_CODE_OTHER',
    )
    expect(await codeOf(order({ chain, by: OTHER }))).toBe('CAPABILITY_AUDIENCE_WRONG')
    expect(await codeOf(order({ chain, sub: HELPER }))).toBe('CAPABILITY_SUBJECT_WRONG')
    expect(await codeOf(order({ chain, aud: OTHER }))).toBe('CAPABILITY_AUDIENCE_WRONG')
    expect(await codeOf(order({ chain }), { action: '/tool/call/mail' })).toBe('CAPABILITY_ACTION_OTHER')
    expect(await codeOf(order({ chain, exp: END + 100_000 }))).toBe('CAPABILITY_EXPIRY_REQUIRED')
    expect(await codeOf({ ...order({ chain }), chain: [] })).toBe('CAPABILITY_PROOF_MISSING')
    // Somebody whose own key is the subject has no say over what is another's.
    const own = [link({ from: OTHER, to: HELPER, sub: OTHER })]
    expect(await codeOf(order({ chain: own, sub: OTHER, aud: OWNER }))).toBe('CAPABILITY_SUBJECT_WRONG')
  })

  it.each<[string, Partial<CallDemand>]>([
    ['cpu', { limits: { ...DEMAND.limits, cpuMs: 1_001 } }],
    ['memory', { limits: { ...DEMAND.limits, memoryBytes: 33_554_433 } }],
    ['weaker isolation', { isolation: 't1' }],
    ['another host', { hosts: ['example.org'] }],
    ['the host above', { hosts: ['example.com'] }],
    ['another port', { hosts: ['api.example.com:22'] }],
    ['a variable', { environment: ['AWS_SECRET_ACCESS_KEY'] }],
    ['another path', { read: ['/database'] }],
    ['writing', { write: ['/data'] }],
    ['emulation', { allowEmulation: true }],
  ])('is refused that asks for more than the chain grants: %s', async (_what, change) => {
    expect(await codeOf(order({ chain, demand: { ...DEMAND, ...change } }))).toBe('CAPABILITY_RIGHTS_WIDENED')
  })

  it('is refused where a link states more than it was given, even if the order does not use it', async () => {
    for (const widened of [
      { limits: { cpuMs: 2_000 } },
      { hosts: ['*.com'] },
      { read: ['/'] },
      { codes: [CODE, '0'.repeat(64)] },
    ]) {
      const wide = [link({ from: OWNER, to: HELPER }), link({ from: HELPER, to: OTHER, rights: widened })]
      expect(await codeOf(order({ chain: wide, by: OTHER })), JSON.stringify(widened)).toBe('CAPABILITY_RIGHTS_WIDENED')
    }
    const action = [link({ from: OWNER, to: HELPER, cmd: SANDBOX_RUN }), link({ from: HELPER, to: OTHER, cmd: '/' })]
    expect(await codeOf(order({ chain: action, by: OTHER }))).toBe('CAPABILITY_COMMAND_WIDENED')
    const narrowed = [
      link({ from: OWNER, to: HELPER }),
      link({ from: HELPER, to: OTHER, rights: { limits: { cpuMs: 500 } } }),
    ]
    expect(await codeOf(order({ chain: narrowed, by: OTHER }))).toBe('granted')
  })

  it('runs under the policy that the grant comes to, and not at all without one', async () => {
    const { desk } = await deskOn(createMemoryEventLog())
    const policies: SandboxPolicy[] = []
    const run = async ({ policy }: SandboxRequest): Promise<SandboxResult> => {
      policies.push(policy)
      return await Promise.resolve({ reason: 'exited' } as SandboxResult)
    }
    const right = order({ chain })
    await runGranted({ desk, runtime: { run } }, { program: PROGRAM, right })
    await expect(runGranted({ desk, runtime: { run } }, { program: PROGRAM, right })).rejects.toMatchObject({
      code: 'CAPABILITY_CALL_REFUSED',
      details: { code: 'CAPABILITY_REPLAYED' },
    })
    const changed = { ...PROGRAM, source: 'export const answer = 43' }
    await expect(
      runGranted({ desk, runtime: { run } }, { program: changed, right: order({ chain }) }),
    ).rejects.toMatchObject({
      details: { code: 'CAPABILITY_CODE_OTHER' },
    })
    const { code: _code, hosts, read, write, ...same } = DEMAND
    expect(policies).toEqual([{ ...same, network: { hosts }, paths: { read, write } }])
  })

  it('needs no chain of the owner, whose order says all the same what runs', async () => {
    expect(await codeOf(order({ by: OWNER, chain: [], demand: { ...DEMAND, isolation: ALL_RIGHTS.isolation } }))).toBe(
      'granted',
    )
    expect(await codeOf(order({ by: OTHER, chain: [] }))).toBe('CAPABILITY_CHAIN_EMPTY')
  })
})

describe('the name of a program', () => {
  it('covers arguments, files and modes', () => {
    const file = { path: 'a', bytes: new Uint8Array([1]) }
    const names = [
      hashOfProgram({ program: PROGRAM }),
      hashOfProgram({ program: PROGRAM, files: [file] }),
      hashOfProgram({ program: PROGRAM, files: [{ ...file, isExecutable: true }] }),
      hashOfProgram({ program: { kind: 'command', argv: ['/bin/a', 'b'] } }),
      hashOfProgram({ program: { kind: 'command', argv: ['/bin/a b'] } }),
      hashOfProgram({ program: { kind: 'command', argv: ['/bin/a', 'b'] }, files: [file] }),
      hashOfProgram({ program: { kind: 'component', bytes: new Uint8Array([1]), call: 'f' } }),
    ]
    expect(new Set(names).size).toBe(names.length)
  })
})
