import { createActor, toPromise, type AnyActorLogic } from 'xstate'
import { defineAgent } from 'kernell-os/actors'
import { amountFromNanos, ZERO_AMOUNT } from 'kernell-os/core'
import { describe, expect, it } from 'vitest'
import { callGroup, type CallGroupInput, type CallGroupOutput } from '../../agents/model-calls/call-group.ts'
import { modelCall, type ModelCallInput, type ModelCallOutcome } from '../../agents/model-calls/model-call.ts'
import { openPurse } from '../../agents/model-calls/purse.ts'
import { answer, CALLER, createScriptedRouter, createWorld, failure, type RouterScript } from './agent-fixture.ts'

const REQUEST = { messages: [{ role: 'user', content: 'why?' }] } as const

/** Runs logic as an actor of its own until it is done. */
function start<Output>(logic: AnyActorLogic, input: unknown) {
  const world = createWorld()
  const ref = world.spawn(defineAgent({ name: 'subject', restart: 'temporary', logic }), input)
  const ended: Output[] = []
  ref.watch(({ output }) => void ended.push(output as Output))
  return { world, ref, ended }
}

function startCall(script: RouterScript, more: Partial<ModelCallInput> = {}) {
  const router = createScriptedRouter(script)
  const run = start<ModelCallOutcome>(modelCall, { router, caller: CALLER, request: REQUEST, ...more })
  return { router, ...run }
}

function startGroup(script: RouterScript, count: number, more: Partial<CallGroupInput> = {}) {
  const router = createScriptedRouter(script)
  const requests = Array.from({ length: count }, (_, n) => ({ messages: [{ role: 'user', content: `q${n}` }] }))
  const run = start<CallGroupOutput>(callGroup, { routing: { router, caller: CALLER }, requests, ...more })
  return { router, ...run }
}

const targetsOf = ({ requests }: ReturnType<typeof createScriptedRouter>): unknown[] =>
  requests.map(({ target }) => (target.kind === 'route' ? target.route : target.kind))

describe('a call of a model', () => {
  it('answers, and says what it cost', async () => {
    const { world, ended } = startCall(() => 'because')
    await world.settle()
    expect(ended).toMatchObject([
      { kind: 'answered', result: { answer: { text: 'because' } }, purse: { spentNanos: 1_000n } },
    ])
  })

  it('tries again what may pass, after the pause that the provider asks for', async () => {
    const { world, router, ended } = startCall((_prompt, _request, index) =>
      index === 0 ? failure('MODEL_RATE_LIMITED', { retryAfterMs: 7_000 }) : 'because',
    )
    await world.advance(6_900)
    expect([router.requests.length, ended.length]).toEqual([1, 0])
    await world.advance(200)
    expect(ended).toMatchObject([{ kind: 'answered' }])
    expect(targetsOf(router)).toEqual(['auto', 'auto'])
  })

  it('asks the next target when one fails for good, and tells the first failure when all do', async () => {
    const { world, router, ended } = startCall((_prompt, _request, index) =>
      failure(index === 0 ? 'BUDGET_EXCEEDED' : 'ROUTER_NOT_ALLOWED'),
    )
    await world.settle()
    expect(targetsOf(router)).toEqual(['auto', 'cheap', 'local'])
    expect(ended).toMatchObject([{ kind: 'failed', error: { code: 'BUDGET_EXCEEDED' }, purse: { spentNanos: 0n } }])
  })

  it.each(['ROUTER_NO_MODEL', 'REQUEST_INVALID'] as const)('asks nobody else after %s', async (code) => {
    const { world, router, ended } = startCall(() => failure(code))
    await world.settle()
    expect([router.requests.length, ended]).toMatchObject([1, [{ kind: 'failed', error: { code } }]])
  })

  it('asks nobody else after an error without a code, which is a defect', async () => {
    const { world, router, ended } = startCall(() => new TypeError('broken'))
    await world.settle()
    expect([router.requests.length, ended]).toMatchObject([1, [{ kind: 'failed', error: { message: 'broken' } }]])
  })

  it('counts a failed call that may be billed at all that it was allowed, and stops there', async () => {
    const capNanos = amountFromNanos(5_000n)
    const { world, router, ended } = startCall(() => failure('ROUTER_ALL_FAILED'), { capNanos })
    await world.advance(60_000)
    expect(router.requests.map(({ controls }) => controls.maxCostNanos)).toEqual([5_000n])
    expect(ended).toMatchObject([{ kind: 'failed', purse: { spentNanos: 5_000n } }])
  })

  it.each([
    [{ spentNanos: '1000' }, [5_000n, 4_000n], 2_000n],
    [{ spentNanos: '0' }, [5_000n, 5_000n], 0n],
    [{ spentNanos: '1000', hasUnknownCost: true }, [5_000n], 5_000n],
    [{ spentNanos: 'much' }, [5_000n], 5_000n],
  ])('counts what the router says that a failed call cost: %j', async (details, caps, spentNanos) => {
    const { world, router, ended } = startCall(() => failure('ROUTER_ALL_FAILED', details), {
      capNanos: amountFromNanos(5_000n),
      targets: [{ kind: 'auto' }],
      attemptsMax: 2,
    })
    await world.advance(60_000)
    expect(router.requests.map(({ controls }) => controls.maxCostNanos)).toEqual(caps)
    expect(ended).toMatchObject([{ kind: 'failed', purse: { spentNanos, hasUnknownCost: false } }])
  })

  it('widens a cap that is too tight, as far as it may', async () => {
    const { world, router, ended } = startCall(
      (_prompt, { controls }) => ((controls.maxCostNanos ?? 0n) < 3_000n ? failure('ROUTER_COST_CAP') : 'because'),
      { capNanos: amountFromNanos(2_000n), capNanosMax: amountFromNanos(9_000n) },
    )
    await world.settle()
    expect(router.requests.map(({ controls }) => controls.maxCostNanos)).toEqual([2_000n, 9_000n])
    expect(ended).toMatchObject([{ kind: 'answered', purse: { spentNanos: 1_000n } }])
  })

  it('aborts the call that is under way when it is stopped', async () => {
    const { world, ref, router } = startCall(() => 'hang!')
    await world.settle()
    await ref.stop()
    expect(router.hanging).toEqual({ open: 1, aborted: 1 })
  })

  it('leaves nothing behind when it is stopped in its pause', async () => {
    const { world, ref, router } = startCall(() => failure('MODEL_RATE_LIMITED'))
    await world.settle()
    await ref.stop()
    await world.advance(60_000)
    expect(router.requests.length).toBe(1)
  })

  it('runs as an actor of XState itself, too', async () => {
    const router = createScriptedRouter(() => 'because')
    const actor = createActor(modelCall, { input: { router, caller: CALLER, request: REQUEST } })
    actor.start()
    expect(await toPromise(actor)).toMatchObject({ kind: 'answered' })
  })
})

describe('a group of calls', () => {
  it('runs as many at once as it may, and answers in the order of the questions', async () => {
    const { world, router, ended } = startGroup((prompt) => `to ${prompt}`, 7, { parallelMax: 3 })
    await world.settle()
    expect(router.runningMax).toBe(3)
    expect(ended[0]?.outcomes.map((outcome) => outcome?.kind === 'answered' && outcome.result.answer.text)).toEqual(
      Array.from({ length: 7 }, (_, n) => `to q${n}`),
    )
    expect(ended[0]?.purse).toEqual({ capNanos: undefined, spentNanos: 7_000n, hasUnknownCost: false })
  })

  it('goes one by one under a cap, each with its share of what is left', async () => {
    const { world, router, ended } = startGroup(() => 'yes', 3, {
      purse: openPurse(amountFromNanos(8_000n)),
      callsAfter: 1,
    })
    await world.settle()
    expect(router.runningMax).toBe(1)
    // 8,000 for 4, then 7,000 for 3, then 6,000 for 2.
    expect(router.requests.map(({ controls }) => controls.maxCostNanos)).toEqual([2_000n, 2_333n, 3_000n])
    expect(ended[0]?.purse.spentNanos).toBe(3_000n)
  })

  it('never spends more than the cap, whatever fails', async () => {
    const script: RouterScript = (_prompt, _request, index) => (index % 2 === 0 ? failure('MODEL_TIMEOUT') : 'yes')
    const { world, router, ended } = startGroup(script, 5, { purse: openPurse(amountFromNanos(20_000n)) })
    await world.advance(60_000)
    expect(ended[0]?.purse.spentNanos).toBeLessThanOrEqual(20_000n)
    expect(ended[0]?.outcomes.map((outcome) => outcome?.kind)).toEqual([
      'failed',
      'answered',
      'failed',
      'answered',
      'failed',
    ])
    expect(router.requests).toHaveLength(5)
  })

  it('says so when a price is unknown', async () => {
    const { world, ended } = startGroup(() => answer('yes', { costNanos: undefined }), 2)
    await world.settle()
    expect(ended[0]?.purse).toEqual({ capNanos: undefined, spentNanos: ZERO_AMOUNT, hasUnknownCost: true })
  })

  it('stops when it has enough, and aborts what is under way', async () => {
    const { world, router, ended } = startGroup((prompt) => (prompt === 'q0' ? 'yes' : 'hang!'), 3, {
      isEnough: (outcomes) => outcomes[0] !== undefined,
    })
    await world.settle()
    expect(router.hanging).toEqual({ open: 2, aborted: 2 })
    expect(ended[0]?.outcomes.map((outcome) => outcome?.kind)).toEqual(['answered', undefined, undefined])
    expect(ended[0]?.purse.hasUnknownCost).toBe(true)
  })

  it('is over at once without questions', async () => {
    const { world, ended } = startGroup(() => 'yes', 0)
    await world.settle()
    expect(ended).toMatchObject([{ outcomes: [] }])
  })
})
