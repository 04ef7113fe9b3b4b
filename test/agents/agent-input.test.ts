import { CodedError } from 'kernell-os/core'
import { describe, expect, it } from 'vitest'
import { checkMemory, checkRouting } from '../../agents/agent-input.ts'
import { cacheWarmer } from '../../agents/cache-warmer/agent.ts'
import { monitor } from '../../agents/monitor/agent.ts'
import { pipeline } from '../../agents/pipeline/agent.ts'
import { promptStage } from '../../agents/pipeline/prompt-stage.ts'
import { summarizer } from '../../agents/summarizer/agent.ts'
import { treasurer } from '../../agents/treasurer/agent.ts'
import { verifier } from '../../agents/verifier/agent.ts'
import { CALLER, createScriptedRouter, createWorld, refusalOf } from './agent-fixture.ts'

const router = createScriptedRouter(() => 'x')
const routing = { router, caller: CALLER }
const run = (value: unknown): Promise<unknown> => Promise.resolve(value)
const check = (): { isWell: boolean; detail: string } => ({ isWell: true, detail: '' })
const clock = { now: () => 0 }

/** The field that is wrong, and the input. */
const ROUTING: readonly [string, unknown][] = [
  ['input', undefined],
  ['input', 7],
  ['router', {}],
  ['router', { router: {}, caller: CALLER }],
  ['caller', { router }],
  ['caller.tenant', { router, caller: {} }],
  ['caller.tenant', { router, caller: { tenant: 'two words' } }],
  ['targets', { ...routing, targets: [] }],
  ['targets', { ...routing, targets: 5 }],
  ['targets[0]', { ...routing, targets: ['auto'] }],
  ['targets[0].kind', { ...routing, targets: [{ kind: 'nope' }] }],
  ['targets[1].route', { ...routing, targets: [{ kind: 'auto' }, { kind: 'route', route: 'fast' }] }],
  ['targets[0].modelId', { ...routing, targets: [{ kind: 'model' }] }],
  ['attemptsMax', { ...routing, attemptsMax: -1 }],
  ['attemptsMax', { ...routing, attemptsMax: '2' }],
  ['controls', { ...routing, controls: 'cheap' }],
]

const DEFINITIONS = { summarizer, verifier, 'cache-warmer': cacheWarmer, monitor, pipeline, treasurer } as const

const OWN: readonly [keyof typeof DEFINITIONS, string, unknown][] = [
  ['verifier', 'judgeTargets', { ...routing, judgeTargets: [] }],
  ['verifier', 'judgeTargets[0].kind', { ...routing, judgeTargets: [{ kind: 'nope' }] }],
  ['cache-warmer', 'target.kind', { ...routing, target: { kind: 'nope' } }],
  ['monitor', 'input', undefined],
  ['monitor', 'probes', {}],
  ['monitor', 'probes', { probes: 5 }],
  ['monitor', 'probes[0]', { probes: [undefined] }],
  ['monitor', 'probes[0].name', { probes: [{ check }] }],
  ['monitor', 'probes[0].check', { probes: [{ name: 'a' }] }],
  ['pipeline', 'input', undefined],
  ['pipeline', 'stages', {}],
  ['pipeline', 'stages[0].run', { stages: [{ name: 'x' }] }],
  ['pipeline', 'stages[0].name', { stages: [{ run }] }],
  ['pipeline', 'stages[0].isSplitting', { stages: [{ name: 'x', run, isSplitting: 'yes' }] }],
  ['pipeline', 'sink', { stages: [{ name: 'x', run }], sink: {} }],
  ['treasurer', 'input', undefined],
  ['treasurer', 'clock', {}],
  ['treasurer', 'clock', { clock: {} }],
  ['treasurer', 'accounts', { clock, accounts: 5 }],
  ['treasurer', 'accounts[0].name', { clock, accounts: [{ limitNanos: 1n }] }],
  ['treasurer', 'accounts[0].limitNanos', { clock, accounts: [{ name: 'a', limitNanos: 1 }] }],
]

/** What the agent says to an input before it is started; fails where it is started. */
function refusalTo(name: keyof typeof DEFINITIONS, input: unknown): Error {
  const refusal = refusalOf(() => ({ ref: createWorld().system.spawn(DEFINITIONS[name], { input }) }))
  if (refusal instanceof TypeError || refusal instanceof RangeError || CodedError.is(refusal)) return refusal
  throw new Error(`${name} did not refuse the input: ${String(refusal)}`)
}

describe.each(['summarizer', 'verifier', 'cache-warmer'] as const)('%s', (name) => {
  it.each(ROUTING.filter(([field]) => name !== 'cache-warmer' || !field.startsWith('targets')))(
    'is not started with a wrong %s',
    (field, input) => {
      const { message } = refusalTo(name, input)
      expect(message).toContain(field)
      expect(message).not.toMatch(/Cannot (read|destructure)|is not a function|is not iterable|undefined \(/)
    },
  )
})

it.each(OWN)('%s is not started with a wrong %s', (name, field, input) => {
  const { message } = refusalTo(name, input)
  expect(message).toContain(field)
  expect(message).not.toMatch(/Cannot (read|destructure)|is not a function|is not iterable|undefined \(/)
})

it.each(Object.keys(DEFINITIONS) as (keyof typeof DEFINITIONS)[])('%s says what its input must have', (name) => {
  const { message } = refusalTo(name, {})
  expect(message).toMatch(/must|needs/)
})

describe('a check of inputs', () => {
  it('takes what is right', () => {
    checkRouting(routing)
    checkRouting({ ...routing, targets: [{ kind: 'route', route: 'cheap' }], attemptsMax: 1, controls: {} })
    checkRouting({ ...routing, targets: [{ kind: 'auto' }, { kind: 'model', modelId: 'small' }] })
    checkMemory({})
    const method = (): void => {}
    checkMemory({ memory: { recall: method, remember: method, link: method, feedback: method } })
  })

  it.each([{}, 5, { recall: () => [] }])('refuses the memory %j', (memory) => {
    expect(() => checkMemory({ memory })).toThrow(/memory must have the methods/)
  })
})

it('a prompt of a stage says where the item goes', () => {
  const init = { name: 'shout', router, caller: CALLER }
  expect(() => promptStage({ ...init, prompt: 'shout' })).toThrow(/\{item\}/)
  expect(() => promptStage({ ...init, prompt: 5 as never })).toThrow(/prompt/)
  expect(() => promptStage({ ...init, router: {} as never, prompt: '{item}' })).toThrow(/router/)
  expect(() => promptStage({ ...init, target: { kind: 'nope' } as never, prompt: '{item}' })).toThrow(/target.kind/)
})
