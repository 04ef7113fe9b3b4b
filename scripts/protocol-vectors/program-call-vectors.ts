/**
 * Writes protocol/vectors/v1/program-calls.json: orders that let a program run, with what becomes of them. Keys and nonces are fixed, so every run writes the same bytes.
 *
 * `node scripts/protocol-vectors/program-call-vectors.ts`
 */
import { writeFileSync } from 'node:fs'
import { sha256Hex } from '../../src/base/sha256.ts'
import type { IpldValue } from '../../src/core/capability/ipld-value.ts'
import type { StatedRights } from '../../src/core/rights/rights.ts'
import { statementsOfRights } from '../../src/core/rights/rights-statements.ts'
import {
  ALICE,
  AT,
  BOB,
  CAROL,
  delegate,
  type Fields,
  HOUR,
  invoke,
  type Issued,
  restartNonces,
} from './ucan-builder.ts'

export type ProgramCallVector = {
  readonly name: string
  /** Root first. */
  readonly chain: readonly string[]
  /** Orders received one after another, each by the stamp `at`. */
  readonly orders: readonly string[]
  readonly at: number
  /** Whose machine it is, and who is asked. */
  readonly owner: string
  readonly action: string
  /** SHA-256 of what is about to run. */
  readonly code: string
  /** Of the last order: a refusal code, or `granted`. */
  readonly outcome: string
  /** The policy that a granted program runs under. */
  readonly policy?: IpldValue
}

const CODE = sha256Hex('export const answer = 42')
const OTHER = sha256Hex('export const answer = 43')
const RUN = '/sandbox/run'
const LIMITS = { wallMs: 1_000, cpuMs: 500, memoryBytes: 16_777_216, outputBytes: 1_000, processes: 1, diskBytes: 0 }
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
const ARGS = {
  code: CODE,
  isolation: 2,
  limits: LIMITS,
  hosts: ['api.example.com'],
  environment: ['LANG'],
  read: ['/data/in'],
  write: [],
  allowEmulation: false,
}
const POLICY = {
  isolation: 't2',
  limits: LIMITS,
  network: { hosts: ['api.example.com'] },
  environment: ['LANG'],
  paths: { read: ['/data/in'], write: [] },
  allowEmulation: false,
}

type CallInit = {
  readonly chain: readonly Issued[]
  readonly orders: readonly Issued[]
  readonly at?: number
  readonly code?: string
}

function call(name: string, outcome: string, { chain, orders, at = AT, code = CODE }: CallInit): ProgramCallVector {
  return {
    name,
    chain: chain.map(({ text }) => text),
    orders: orders.map(({ text }) => text),
    at,
    owner: ALICE.did,
    action: RUN,
    code,
    outcome,
    ...(outcome === 'granted' && { policy: POLICY }),
  }
}

function order(chain: readonly Issued[], args: Fields = {}, changes: Fields = {}): Issued {
  return invoke(chain.length > 1 ? CAROL : BOB, chain, {
    cmd: RUN,
    args: { ...ARGS, ...args } as IpldValue,
    ...changes,
  })
}

/** All vectors, in the order of the file. */
export function programCallVectors(): readonly ProgramCallVector[] {
  restartNonces()
  const first = delegate(ALICE, BOB, { cmd: '/sandbox', pol: statementsOfRights(RIGHTS) })
  const chain = [first]
  const link = (rights: StatedRights): Issued => delegate(BOB, CAROL, { cmd: RUN, pol: statementsOfRights(rights) })
  const narrowed = [first, link({ limits: { cpuMs: 500 } })]
  const widened = [first, link({ limits: { cpuMs: 2_000 } })]
  const of = (name: string, outcome: string, ...changes: [args?: Fields, order?: Fields]): ProgramCallVector =>
    call(name, outcome, { chain, orders: [order(chain, ...changes)] })
  const once = order(chain)
  return [
    of('an order within its chain', 'granted'),
    call('an order within a narrowed chain', 'granted', { chain: narrowed, orders: [order(narrowed)] }),
    call('the same order twice', 'CAPABILITY_REPLAYED', { chain, orders: [once, once] }),
    call('after its end', 'CAPABILITY_EXPIRED', { chain, orders: [order(chain)], at: AT + 2 * HOUR * 1_000 }),
    of('another action', 'CAPABILITY_ACTION_OTHER', {}, { cmd: '/tool/call/mail' }),
    call('another program than ordered', 'CAPABILITY_CODE_OTHER', { chain, orders: [order(chain)], code: OTHER }),
    call('another program than granted', 'CAPABILITY_CODE_OTHER', {
      chain,
      orders: [order(chain, { code: OTHER })],
      code: OTHER,
    }),
    of('by somebody else', 'CAPABILITY_AUDIENCE_WRONG', {}, { iss: BOB.did, aud: CAROL.did }),
    of('of another owner', 'CAPABILITY_SUBJECT_WRONG', {}, { sub: BOB.did }),
    of('more time of processors', 'CAPABILITY_RIGHTS_WIDENED', { limits: { ...LIMITS, cpuMs: 1_001 } }),
    of('weaker isolation', 'CAPABILITY_RIGHTS_WIDENED', { isolation: 1 }),
    of('another host', 'CAPABILITY_RIGHTS_WIDENED', { hosts: ['example.com'] }),
    of('another port', 'CAPABILITY_RIGHTS_WIDENED', { hosts: ['api.example.com:22'] }),
    of('another path', 'CAPABILITY_RIGHTS_WIDENED', { read: ['/database'] }),
    of('writing', 'CAPABILITY_RIGHTS_WIDENED', { write: ['/data/in'] }),
    of('another variable', 'CAPABILITY_RIGHTS_WIDENED', { environment: ['HOME'] }),
    call('a link that states more', 'CAPABILITY_RIGHTS_WIDENED', { chain: widened, orders: [order(widened)] }),
    of('a path with dots', 'CAPABILITY_DEMAND_MALFORMED', { read: ['/data/../database'] }),
    of('a host in capitals', 'CAPABILITY_DEMAND_MALFORMED', { hosts: ['API.example.com'] }),
    of('a limit that is missing', 'CAPABILITY_DEMAND_MALFORMED', { limits: { cpuMs: 1 } }),
    of('an unknown member', 'CAPABILITY_DEMAND_MALFORMED', { more: 1 }),
  ]
}

/** The text of the file. */
export function programCallVectorsText(): string {
  return `${JSON.stringify({ version: 1, vectors: programCallVectors() }, null, 2)}\n`
}

if (import.meta.main) {
  writeFileSync(new URL('../../protocol/vectors/v1/program-calls.json', import.meta.url), programCallVectorsText())
}
