import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FirewallPolicy } from '../../../src/core/firewall/firewall-policy.ts'
import { labelFlows } from '../../../src/core/firewall/flow-labels.ts'
import { SINK_KINDS, SOURCE_KINDS, type IntentPlan } from '../../../src/core/firewall/intent-plan.ts'
import { reviewPlan } from '../../../src/core/firewall/review-plan.ts'
import {
  CONFIDENTIALITIES,
  INTEGRITIES,
  isAtMost,
  joinLabels,
  MANY_ORIGINS,
  type TaintLabel,
} from '../../../src/core/firewall/taint-label.ts'
import {
  EMPTY_TAINT_REGISTER,
  formatTaintRegister,
  labelAt,
  parseTaintRegister,
  taint,
  TAINTED_MAX,
} from '../../../src/core/firewall/taint-register.ts'

const POLICY: FirewallPolicy = {
  sources: [
    { kind: 'user', prefix: '', confidentiality: 'internal', integrity: 'trusted' },
    { kind: 'file', prefix: '/safe/', confidentiality: 'private', integrity: 'trusted' },
    { kind: 'file', prefix: '/public/', confidentiality: 'public', integrity: 'trusted' },
    { kind: 'document', prefix: 'https://news.example/', confidentiality: 'public', integrity: 'untrusted' },
  ],
  sinks: [
    { kind: 'reply', prefix: '', isExternal: false, clearance: 'private' },
    { kind: 'memory', prefix: '', isExternal: false, clearance: 'private' },
    { kind: 'file', prefix: '/safe/', isExternal: false, clearance: 'private' },
    { kind: 'network', prefix: 'https://api.example', isExternal: true, clearance: 'private' },
    { kind: 'network', prefix: 'https://blog.example/', isExternal: true, clearance: 'public' },
    { kind: 'execute', prefix: 'shell', isExternal: false, clearance: 'private' },
  ],
}

const USER = { id: 'ask', kind: 'user', locator: 'chat', confidentiality: 'internal', integrity: 'trusted' } as const
const DIARY = {
  id: 'diary',
  kind: 'file',
  locator: '/safe/diary',
  confidentiality: 'private',
  integrity: 'trusted',
} as const
const NEWS = {
  id: 'news',
  kind: 'document',
  locator: 'https://news.example/today',
  confidentiality: 'public',
  integrity: 'untrusted',
} as const
const API = { id: 'api', kind: 'network', locator: 'https://api.example/v1' } as const
const BLOG = { id: 'blog', kind: 'network', locator: 'https://blog.example/post' } as const
const SHELL = { id: 'shell', kind: 'execute', locator: 'shell' } as const
const NOTE = { id: 'note', kind: 'memory', locator: 'memory:note' } as const

function plan(parts: Partial<IntentPlan>): IntentPlan {
  return { proposedBy: 'agent', writtenAfter: [], sources: [], sinks: [], steps: [], ...parts }
}

function codesOf(
  judged: IntentPlan,
  register = EMPTY_TAINT_REGISTER,
  declassified: Parameters<typeof reviewPlan>[1]['declassified'] = [],
): readonly string[] {
  return reviewPlan(judged, { policy: POLICY, register, declassified }).refusals.map(({ code }) => code)
}

describe('a plan', () => {
  it('may answer the user with what the user may read', () => {
    const judged = plan({
      sources: [USER, DIARY, NEWS],
      sinks: [{ id: 'out', kind: 'reply', locator: 'chat' }],
      steps: [{ id: 's', action: 'compare', uses: ['ask', 'diary', 'news'], sink: 'out' }],
    })
    expect(reviewPlan(judged, { policy: POLICY, register: EMPTY_TAINT_REGISTER, declassified: [] }).isAllowed).toBe(
      true,
    )
  })

  it('must declare all that it touches', () => {
    const step = { id: 's', action: 'send', uses: ['ask', 'ghost'], sink: 'nowhere' }
    expect(codesOf(plan({ sources: [USER], steps: [step] }))).toEqual([
      'FIREWALL_DATA_UNDECLARED',
      'FIREWALL_DATA_UNDECLARED',
    ])
    expect(codesOf(plan({ writtenAfter: ['ghost'], steps: [] }))).toEqual(['FIREWALL_DATA_UNDECLARED'])
  })

  it('cannot say better of a source than is known', () => {
    const forged = [{ ...DIARY, confidentiality: 'public' } as const, { ...NEWS, integrity: 'trusted' } as const]
    expect(codesOf(plan({ sources: forged }))).toEqual(['FIREWALL_SOURCE_FORGED', 'FIREWALL_SOURCE_FORGED'])
    const unknown = {
      id: 'x',
      kind: 'tool',
      locator: 'weather',
      confidentiality: 'public',
      integrity: 'trusted',
    } as const
    expect(codesOf(plan({ sources: [unknown] }))).toEqual(['FIREWALL_SOURCE_FORGED'])
  })

  it('sends no private data out in which text from outside had a say', () => {
    const send = { id: 's', action: 'send', uses: ['diary', 'news'], sink: 'api' }
    expect(codesOf(plan({ sources: [DIARY, NEWS], sinks: [API], steps: [send] }))).toEqual(['FIREWALL_EXFILTRATION'])
    const written = plan({
      writtenAfter: ['news'],
      sources: [DIARY, NEWS],
      sinks: [API],
      steps: [{ ...send, uses: ['diary'] }],
    })
    expect(codesOf(written)).toEqual(['FIREWALL_EXFILTRATION'])
    expect(codesOf(plan({ sources: [DIARY], sinks: [API], steps: [{ ...send, uses: ['diary'] }] }))).toEqual([])
  })

  it('sends nothing where it is not cleared, nor where nobody knows', () => {
    const send = { id: 's', action: 'post', uses: ['ask'], sink: 'blog' }
    expect(codesOf(plan({ sources: [USER], sinks: [BLOG], steps: [send] }))).toEqual(['FIREWALL_NOT_CLEARED'])
    for (const locator of [
      'https://api.example.evil.org/',
      'https://api.example@evil.org/',
      'https://blog.example/../x',
      'https://blog.example/%2e%2e/x',
      '',
    ]) {
      const sinks = [{ id: 'blog', kind: 'network', locator } as const]
      expect(codesOf(plan({ sources: [NEWS], sinks, steps: [{ ...send, uses: ['news'] }] }))).toEqual([
        'FIREWALL_SINK_UNDECLARED',
      ])
    }
  })

  it('executes nothing that was made of text from outside', () => {
    const steps = [
      { id: 'run', action: 'run', uses: ['code'], sink: 'shell' },
      { id: 'code', action: 'write a script', uses: ['news'] },
    ]
    expect(codesOf(plan({ sources: [NEWS], sinks: [SHELL], steps }))).toEqual(['FIREWALL_UNTRUSTED_EXECUTION'])
    expect(
      codesOf(
        plan({ sources: [USER], sinks: [SHELL], steps: [{ id: 'run', action: 'run', uses: ['ask'], sink: 'shell' }] }),
      ),
    ).toEqual([])
  })

  it('cannot launder through a memory, in this plan or in a later one', () => {
    const memory = {
      id: 'read',
      kind: 'memory',
      locator: 'memory:note',
      confidentiality: 'private',
      integrity: 'untrusted',
    } as const
    const through = plan({
      sources: [NEWS, memory],
      sinks: [NOTE, SHELL],
      steps: [
        { id: 'run', action: 'run', uses: ['read'], sink: 'shell' },
        { id: 'keep', action: 'keep', uses: ['news'], sink: 'note' },
      ],
    })
    expect(codesOf(through)).toEqual(['FIREWALL_UNTRUSTED_EXECUTION'])
    const trusting = {
      ...POLICY,
      sources: [
        ...POLICY.sources,
        { kind: 'memory', prefix: '', confidentiality: 'public', integrity: 'trusted' } as const,
      ],
    }
    const later = plan({
      sources: [{ ...memory, confidentiality: 'public', integrity: 'trusted' }],
      sinks: [SHELL],
      steps: [{ id: 'run', action: 'run', uses: ['read'], sink: 'shell' }],
    })
    const untouched = { policy: trusting, register: EMPTY_TAINT_REGISTER, declassified: [] }
    expect(reviewPlan(later, untouched).isAllowed).toBe(true)
    const register = taint(EMPTY_TAINT_REGISTER, 'memory:note', {
      confidentiality: 'public',
      integrity: 'untrusted',
      origins: ['https://news.example/today'],
    })
    expect(reviewPlan(later, { ...untouched, register }).refusals.map(({ code }) => code)).toEqual([
      'FIREWALL_UNTRUSTED_EXECUTION',
    ])
  })

  it('is refused whole when an id means two things or it is too large', () => {
    expect(codesOf(plan({ sources: [USER], steps: [{ id: 'ask', action: 'x', uses: [] }] }))).toEqual([
      'FIREWALL_PLAN_INVALID',
    ])
    const steps = Array.from({ length: 257 }, (_, at) => ({ id: `s${at}`, action: 'x', uses: [] }))
    expect(codesOf(plan({ steps }))).toEqual(['FIREWALL_PLAN_INVALID'])
  })

  it('passes with what an approval allows, and no more', () => {
    const judged = plan({
      sources: [DIARY, NEWS],
      sinks: [API],
      steps: [
        { id: 'a', action: 'send', uses: ['diary', 'news'], sink: 'api' },
        { id: 'b', action: 'send', uses: ['diary', 'news'], sink: 'api' },
      ],
    })
    expect(
      codesOf(judged, EMPTY_TAINT_REGISTER, [{ stepId: 'a', confidentiality: 'public', integrity: 'untrusted' }]),
    ).toEqual(['FIREWALL_EXFILTRATION'])
  })
})

const label = fc.record({
  confidentiality: fc.constantFrom(...CONFIDENTIALITIES),
  integrity: fc.constantFrom(...INTEGRITIES),
  origins: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }).map((origins) => origins.toSorted()),
})

const ids = fc.constantFrom('s0', 's1', 's2', 't0', 't1', 't2', 't3')
const anyPlan = fc.record({
  proposedBy: fc.constant('agent'),
  writtenAfter: fc.array(fc.constantFrom('s0', 's1', 's2'), { maxLength: 1 }),
  sources: fc.tuple(
    ...['s0', 's1', 's2'].map((id) =>
      fc.record({
        id: fc.constant(id),
        kind: fc.constantFrom(...SOURCE_KINDS),
        locator: fc.constantFrom('/safe/diary', '/public/x', 'https://news.example/', 'memory:note', 'chat'),
        confidentiality: fc.constantFrom(...CONFIDENTIALITIES),
        integrity: fc.constantFrom(...INTEGRITIES),
      }),
    ),
  ),
  sinks: fc.tuple(
    ...['k0', 'k1'].map((id) =>
      fc.record({
        id: fc.constant(id),
        kind: fc.constantFrom(...SINK_KINDS),
        locator: fc.constantFrom('/safe/x', 'memory:note', 'https://api.example/v1', 'https://evil.example/', 'shell'),
      }),
    ),
  ),
  steps: fc.tuple(
    ...['t0', 't1', 't2', 't3'].map((id) =>
      fc.record({
        id: fc.constant(id),
        action: fc.constant('x'),
        uses: fc.array(ids, { maxLength: 3 }),
        sink: fc.constantFrom('k0', 'k1'),
      }),
    ),
  ),
})

/** Whether private data reaches a step, followed by hand along what it uses and what is stored where it reads. */
function reaches(judged: IntentPlan, stepId: string, isStart: (id: string) => boolean): boolean {
  const seen = new Set<string>()
  const queue = [stepId, ...judged.writtenAfter]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    if (isStart(id)) return true
    queue.push(...(judged.steps.find((step) => step.id === id)?.uses ?? []))
    const place = judged.sources.find((source) => source.id === id)?.locator
    for (const { id: writer, sink } of judged.steps)
      if (place !== undefined && judged.sinks.find((known) => known.id === sink)?.locator === place) queue.push(writer)
  }
  return false
}

describe('every plan', () => {
  it('that moves private data to a sink that nobody declared, or private and untrusted data out, is refused, in whatever order its steps stand', () => {
    fc.assert(
      fc.property(anyPlan, fc.infiniteStream(fc.nat()), (judged, draws) => {
        const init = { policy: POLICY, register: EMPTY_TAINT_REGISTER, declassified: [] }
        const { isAllowed } = reviewPlan(judged, init)
        const isPrivate = (id: string): boolean =>
          judged.sources.some(
            (source) => source.id === id && source.kind === 'file' && source.locator === '/safe/diary',
          )
        const isOutside = (id: string): boolean =>
          judged.sources.some((source) => source.id === id && source.kind === 'document')
        const moves = judged.steps.some(({ id, sink }) => {
          const { kind, locator } = judged.sinks.find((known) => known.id === sink) ?? { kind: 'reply', locator: '' }
          const isKnown = POLICY.sinks.some((rule) => rule.kind === kind && locator.startsWith(rule.prefix))
          if (!isKnown) return reaches(judged, id, isPrivate)
          return kind === 'network' && reaches(judged, id, isPrivate) && reaches(judged, id, isOutside)
        })
        if (moves) expect(isAllowed).toBe(false)
        const shuffled = { ...judged, steps: [...judged.steps].sort(() => (draws.next().value % 2) - 0.5) }
        expect(reviewPlan(shuffled, init).isAllowed).toBe(isAllowed)
      }),
      { numRuns: 400, seed: 11 },
    )
  })

  it('gives each step at least the label of all that it uses', () => {
    fc.assert(
      fc.property(anyPlan, (judged) => {
        const labels = labelFlows(judged, { policy: POLICY, register: EMPTY_TAINT_REGISTER, declassified: [] })
        for (const { id, uses } of judged.steps)
          for (const used of [...uses, ...judged.writtenAfter])
            expect(isAtMost(labels.get(used) as TaintLabel, labels.get(id) as TaintLabel)).toBe(true)
      }),
      { numRuns: 200, seed: 12 },
    )
  })
})

describe('labels', () => {
  it('join to the least label above both', () => {
    fc.assert(
      fc.property(label, label, label, (a, b, c) => {
        const join = joinLabels(a, b)
        expect(isAtMost(a, join) && isAtMost(b, join)).toBe(true)
        if (isAtMost(a, c) && isAtMost(b, c)) expect(isAtMost(join, c)).toBe(true)
        expect(joinLabels(b, a)).toEqual(join)
        expect(joinLabels(joinLabels(a, b), c)).toEqual(joinLabels(a, joinLabels(b, c)))
      }),
      { seed: 13 },
    )
  })

  it('of stored data never fall, also when there are more places than are remembered, and survive being written down', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('p', 'q', 'r'), label), { maxLength: 20 }), (writes) => {
        let register = EMPTY_TAINT_REGISTER
        for (const [place, written] of writes) {
          const before = labelAt(register, place)
          register = taint(register, place, written)
          const after = labelAt(register, place)
          expect(isAtMost(before, after) && isAtMost(written, after)).toBe(true)
        }
        expect(parseTaintRegister(formatTaintRegister(register))).toEqual(register)
      }),
      { seed: 14 },
    )
    const bad: TaintLabel = { confidentiality: 'private', integrity: 'untrusted', origins: ['x'] }
    const labels = new Map(Array.from({ length: TAINTED_MAX }, (_, at) => [`p${at}`, bad]))
    const full = taint(
      { labels, floor: { ...bad, confidentiality: 'public', integrity: 'trusted', origins: [] } },
      'new',
      bad,
    )
    expect(full.labels.size).toBe(TAINTED_MAX)
    expect(labelAt(full, 'p0')).toEqual(bad)
  })

  it('with more origins than can be named stand for every origin', () => {
    const many = Array.from(
      { length: 40 },
      (_, at) => ({ confidentiality: 'public', integrity: 'trusted', origins: [`a${at}`, `b${at}`] }) as const,
    )
    let joined: TaintLabel = many[0] as TaintLabel
    for (const one of many) joined = joinLabels(joined, one)
    expect(joined.origins).toEqual([MANY_ORIGINS])
    for (const one of many) expect(isAtMost(one, joined)).toBe(true)
  })
})

describe('what a tool answers', () => {
  const policy: FirewallPolicy = {
    sources: [
      ...POLICY.sources,
      { kind: 'tool', prefix: 'mcp/pages/', confidentiality: 'internal', integrity: 'untrusted' },
    ],
    sinks: [
      ...POLICY.sinks,
      { kind: 'tool', prefix: 'mcp/pages/', isExternal: true, clearance: 'internal' },
      { kind: 'tool', prefix: 'mcp/vault/', isExternal: true, clearance: 'private' },
    ],
  }
  const review = (plan: Partial<IntentPlan>): ReturnType<typeof reviewPlan> =>
    reviewPlan(
      { proposedBy: 'agent', writtenAfter: [], sources: [USER, DIARY], sinks: [], steps: [], ...plan },
      { policy, register: EMPTY_TAINT_REGISTER, declassified: [] },
    )
  const PAGES = { id: 'pages', kind: 'tool', locator: 'mcp/pages/search' } as const
  const VAULT = { id: 'vault', kind: 'tool', locator: 'mcp/vault/store' } as const

  it('is untrusted, whoever called it, and so is what is made of it', () => {
    const call = { id: 'call', action: 'search', uses: ['ask'], sink: 'pages' }
    const read = { id: 'read', action: 'read', uses: ['call'] }
    const { isAllowed, labels } = review({ sinks: [PAGES], steps: [read, call] })
    expect([isAllowed, labels.get('call')?.integrity, labels.get('read')?.integrity]).toEqual([
      true,
      'untrusted',
      'untrusted',
    ])
    const run = { id: 'run', action: 'run it', uses: ['read'], sink: 'shell' }
    expect(review({ sinks: [PAGES, SHELL], steps: [call, read, run] }).refusals).toMatchObject([
      { code: 'FIREWALL_UNTRUSTED_EXECUTION', at: 'run' },
    ])
  })

  it('is not held against what the tool was given', () => {
    // Private and trusted may go where the operator says so, though nobody knows what comes back.
    expect(
      review({ sinks: [VAULT], steps: [{ id: 'put', action: 'store', uses: ['diary'], sink: 'vault' }] }),
    ).toMatchObject({
      isAllowed: true,
    })
    expect(
      review({ sinks: [PAGES], steps: [{ id: 'put', action: 'search', uses: ['diary'], sink: 'pages' }] }).refusals,
    ).toMatchObject([{ code: 'FIREWALL_NOT_CLEARED', at: 'put' }])
  })

  it('has a say in nothing private that leaves', () => {
    const call = { id: 'call', action: 'search', uses: ['ask'], sink: 'pages' }
    const leak = { id: 'leak', action: 'store', uses: ['call', 'diary'], sink: 'vault' }
    expect(review({ sinks: [PAGES, VAULT], steps: [call, leak] }).refusals).toMatchObject([
      { code: 'FIREWALL_EXFILTRATION', at: 'leak' },
    ])
  })
})
