import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluatePolicies } from '../../../src/core/capability/evaluate-policy.ts'
import { parsePolicy } from '../../../src/core/capability/policy.ts'
import { type Hash, parseHash } from '../../../src/core/evidence/names.ts'
import {
  argsOfDemand,
  type CallDemand,
  demandOfPolicy,
  readDemand,
  rightsOfDemand,
} from '../../../src/core/rights/call-demand.ts'
import { policyOfGrant } from '../../../src/core/rights/check-call.ts'
import { coversHost, coversPath, isHostName, isPathName } from '../../../src/core/rights/names-of-rights.ts'
import {
  ALL_RIGHTS,
  meetRights,
  type Rights,
  type StatedRights,
  widenedMembers,
  withStated,
} from '../../../src/core/rights/rights.ts'
import { rightsOfPolicy, statementsOfRights } from '../../../src/core/rights/rights-statements.ts'
import { ISOLATION_TIERS } from '../../../src/core/sandbox/isolation.ts'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxPolicy } from '../../../src/core/sandbox/sandbox-policy.ts'

const HASHES = ['0', '1', '2'].flatMap((digit) => parseHash(digit.repeat(64)) ?? [])
const HOSTS = ['*.a.b', 'a.b', 'x.a.b', '*.x.a.b', 'y.x.a.b', 'x.a.b:8443', '*.a.b:8443', 'xa.b']
const PATHS = ['/', '/d', '/d/e', '/de', '/d/e*', '/d/e*/f', String.raw`/d\x`]
const VARIABLES = ['LANG', 'TZ', 'HOME']

const someOf = <Item>(items: readonly Item[]): fc.Arbitrary<Item[]> => fc.subarray([...items])
const namesOf = <Item extends string>(items: readonly Item[]): fc.Arbitrary<'any' | Item[]> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant('any' as const) }, { weight: 4, arbitrary: someOf(items) })
const limit = fc.constantFrom(1_048_576, 2_097_152, 3_145_728)
const processes = fc.constantFrom(1, 2, 4_096)
const limits = fc.record({
  wallMs: limit,
  cpuMs: limit,
  memoryBytes: limit,
  outputBytes: limit,
  processes,
  diskBytes: limit,
})
const RIGHTS: fc.Arbitrary<Rights> = fc.record({
  codes: namesOf(HASHES),
  isolation: fc.constantFrom(...ISOLATION_TIERS),
  limits,
  hosts: namesOf(HOSTS),
  environment: namesOf(VARIABLES),
  read: namesOf(PATHS),
  write: namesOf(PATHS),
  allowEmulation: fc.boolean(),
})
const STATED: fc.Arbitrary<StatedRights> = fc
  .tuple(RIGHTS, fc.subarray(Object.keys(ALL_RIGHTS) as (keyof Rights)[]))
  .map(([rights, members]) => Object.fromEntries(members.map((member) => [member, rights[member]])))
const [FIRST_HASH] = HASHES
if (FIRST_HASH === undefined) throw new Error('no hash')
const DEMAND: fc.Arbitrary<CallDemand> = fc.record({
  code: fc.constantFrom(...HASHES),
  isolation: fc.constantFrom(...ISOLATION_TIERS),
  limits,
  hosts: someOf(HOSTS),
  environment: someOf(VARIABLES),
  read: someOf(PATHS),
  write: someOf(PATHS),
  allowEmulation: fc.boolean(),
})

describe('rights', () => {
  it('that meet are never wider than either, whichever comes first', () => {
    fc.assert(
      fc.property(RIGHTS, RIGHTS, (left, right) => {
        const both = meetRights(left, right)
        expect(widenedMembers(left, both)).toEqual([])
        expect(widenedMembers(right, both)).toEqual([])
        const again = meetRights(right, left)
        expect(widenedMembers(both, again)).toEqual([])
        expect(widenedMembers(again, both)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('lose nothing that both allow', () => {
    fc.assert(
      fc.property(RIGHTS, RIGHTS, DEMAND, (left, right, demand) => {
        const asked = rightsOfDemand(demand)
        const byBoth = widenedMembers(left, asked).length === 0 && widenedMembers(right, asked).length === 0
        expect(widenedMembers(meetRights(left, right), asked).length === 0).toBe(byBoth)
      }),
      { numRuns: 2_000 },
    )
  })

  it('leave a child within its parent, however much it states', () => {
    fc.assert(
      fc.property(fc.array(STATED, { maxLength: 6 }), DEMAND, (links, demand) => {
        let rights = ALL_RIGHTS
        for (const stated of links) {
          const child = meetRights(rights, withStated(rights, stated))
          expect(widenedMembers(rights, child)).toEqual([])
          rights = child
        }
        const policy = policyOfGrant({ rights, demand })
        const given: Rights = {
          codes: [demand.code],
          isolation: policy.isolation,
          limits: policy.limits,
          hosts: policy.network.hosts,
          environment: policy.environment,
          ...policy.paths,
          allowEmulation: policy.allowEmulation,
        }
        expect(widenedMembers({ ...rights, codes: 'any' }, given)).toEqual([])
        expect(widenedMembers(rightsOfDemand(demand), given)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('as statements say the same to whoever knows the policy language alone', () => {
    let granted = 0
    fc.assert(
      fc.property(RIGHTS, DEMAND, fc.boolean(), (rights, asked, isWithin) => {
        const policy = policyOfGrant({ rights, demand: asked })
        const within: CallDemand = {
          code: HASHES.find((hash) => rights.codes === 'any' || rights.codes.includes(hash)) ?? asked.code,
          isolation: policy.isolation,
          limits: policy.limits,
          hosts: policy.network.hosts,
          environment: policy.environment,
          ...policy.paths,
          allowEmulation: policy.allowEmulation,
        }
        const demand = isWithin ? within : asked
        const reading = parsePolicy(statementsOfRights(rights))
        if (reading.kind !== 'policy') throw new Error(reading.code)
        const verdict = evaluatePolicies([reading.policy], argsOfDemand(demand))
        const isAllowed = widenedMembers(rights, rightsOfDemand(demand)).length === 0
        if (isAllowed) granted += 1
        expect(verdict).toBe(isAllowed ? 'met' : 'failed')
        const back = withStated(ALL_RIGHTS, rightsOfPolicy(reading.policy))
        expect(widenedMembers(rights, back)).toEqual([])
        expect(widenedMembers(back, rights)).toEqual([])
      }),
      { numRuns: 1_000 },
    )
    expect(granted).toBeGreaterThan(100)
  })

  it('take names in one form alone', () => {
    const hosts = [
      'A.b',
      'a.b:443',
      'a..b',
      '*',
      '*.*.b',
      'a.*.b',
      '-a.b',
      'a.b.',
      'a.b:0',
      'a b',
      '[::1]',
      'a/b',
      '*.',
    ]
    expect(hosts.filter(isHostName)).toEqual([])
    const paths = ['', 'd', '/d/', '//d', '/d/../e', '/./d', '/d\u0000', '/d\n', '/..', '/d\ud800']
    expect(paths.filter(isPathName)).toEqual([])
    expect(coversPath('/d', '/de')).toBe(false)
    expect(coversHost('*.a.b', 'a.b')).toBe(false)
    expect(coversHost('*.a.b', 'xa.b')).toBe(false)
    expect(coversHost('*.a.b', 'x.a.b:8443')).toBe(false)
    expect(coversHost('*.x.a.b', '*.a.b')).toBe(false)
  })

  it('are asked for whole: what is missing, unknown or out of bounds is no demand', () => {
    const { codes: _codes, ...rest } = ALL_RIGHTS
    const named = { code: FIRST_HASH, hosts: ['a.b'], environment: ['LANG'], read: ['/d'], write: [] }
    const args = argsOfDemand({ ...rest, ...named })
    expect(readDemand(args)).toMatchObject({ code: FIRST_HASH, hosts: ['a.b'] })
    for (const name of Object.keys(args)) {
      const { [name]: _left, ...others } = args
      expect(readDemand(others), name).toBeUndefined()
    }
    const wrong = [
      { isolation: 0 },
      { isolation: 6 },
      { isolation: 'toString' },
      { hosts: ['A.b'] },
      { hosts: ['a.b', 'a.b'] },
      { hosts: Array.from({ length: 33 }, (_, index) => `h${index}.b`) },
      { read: ['/d/../e'] },
      { environment: ['A=B'] },
      { limits: { ...ALL_RIGHTS.limits, cpuMs: 0 } },
      { limits: { ...ALL_RIGHTS.limits, cpuMs: 1.5 } },
      { limits: { ...ALL_RIGHTS.limits, more: 1 } },
      { more: 1 },
      { code: 'no hash' },
    ]
    for (const change of wrong) expect(readDemand({ ...args, ...change }), JSON.stringify(change)).toBeUndefined()
  })
})

describe('what a policy asks for', () => {
  const policy = (changes: Partial<SandboxPolicy>): SandboxPolicy => ({
    isolation: 't2',
    limits: SANDBOX_LIMIT_DEFAULTS,
    network: { hosts: [] },
    environment: [],
    paths: { read: [], write: [] },
    allowEmulation: false,
    ...changes,
  })
  const code = parseHash('ab'.repeat(32)) as Hash

  it('is the same as an order, each name in its one form', () => {
    const network = { hosts: ['Example.com', 'example.com:443', '*.Example.org:8443', '127.0.0.1:80'] }
    const reading = demandOfPolicy(policy({ network, environment: ['A', 'A'] }), code)
    if (!('demand' in reading)) throw new Error(reading.fault)
    const { demand } = reading
    expect(demand.hosts).toEqual(['example.com', '*.example.org:8443', '127.0.0.1:80'])
    expect(demand.environment).toEqual(['A'])
    expect(readDemand(argsOfDemand(demand))).toEqual(demand)
  })

  it.each([
    ['hosts', { network: { hosts: ['[2001:db8::1]'] } }],
    ['hosts', { network: { hosts: Array.from({ length: 33 }, (_, index) => `h${index}.example.com`) } }],
    ['environment', { environment: ['A B'] }],
    ['read', { paths: { read: [`/${'a'.repeat(200)}`], write: [] } }],
    ['write', { paths: { read: [], write: ['/a/../b'] } }],
  ] as const)('is refused where no order can name it: %s', (member, changes) => {
    expect(demandOfPolicy(policy(changes), code)).toEqual({ fault: expect.stringMatching(`^${member}: `) })
  })
})
