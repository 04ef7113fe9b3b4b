import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { ModelAnswer } from '../../src/ports/language-model.ts'
import type { ScheduledTimer, Timers } from '../../src/ports/timers.ts'
import { MODEL_HEDGED } from '../../src/router/hedged-asks.ts'
import { answerOf, createFixture, requestOf, type Script, type ScriptedEntry } from './router-fixture.ts'

/** Time that passes when it is told to. */
class Time implements Timers {
  readonly waits: number[] = []
  private now = 0
  private due: { readonly at: number; readonly run: () => void }[] = []

  schedule(delayMs: number, run: () => void): ScheduledTimer {
    const entry = { at: this.now + delayMs, run }
    this.due.push(entry)
    this.waits.push(delayMs)
    return { cancel: () => void (this.due = this.due.filter((one) => one !== entry)) }
  }

  get open(): number {
    return this.due.length
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      await settled()
      const [next] = this.due.filter(({ at }) => at <= end).toSorted((left, right) => left.at - right.at)
      if (next === undefined) break
      this.due = this.due.filter((one) => one !== next)
      this.now = next.at
      next.run()
    }
    this.now = end
  }
}

/** What can go on without time has gone on. */
async function settled(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve))
}

const failing = (code: 'MODEL_RATE_LIMITED' | 'MODEL_PAYMENT_REQUIRED' | 'MODEL_UNREACHABLE', retryAfterMs?: number) =>
  new CodedError(code, { message: code, details: retryAfterMs === undefined ? {} : { retryAfterMs } })

const cheap = (script: Script): ScriptedEntry => ({ id: 'a/mini', tier: 'cheap_api', script, price: 1 })
const other = (script: Script): ScriptedEntry => ({ id: 'b/mini', tier: 'cheap_api', script, price: 1 })
const premium = (script: Script): ScriptedEntry => ({ id: 'c/large', tier: 'premium_api', script, price: 10 })

/** A model that answers when it is told to, and whose call ends with its signal. */
function held(): { readonly script: Script; answer: (text: string) => void; reason: () => unknown } {
  const { promise, resolve, reject } = Promise.withResolvers<ModelAnswer>()
  let reason: unknown
  return {
    script: async (_request, signal) => {
      signal?.addEventListener('abort', () => {
        reason = signal.reason
        reject(signal.reason)
      })
      return await promise
    },
    answer: (text) => resolve(answerOf(text)),
    reason: () => reason,
  }
}

const named = (modelId: string, controls = {}) => requestOf('Hello', { target: { kind: 'model', modelId }, controls })
const told = (attempts: readonly { modelId: string; outcome: string; reason?: string }[]) =>
  attempts.map(({ modelId, outcome, reason }) => [modelId, outcome, reason])

describe('fallbacks', () => {
  it.each(['MODEL_PAYMENT_REQUIRED', 'MODEL_RATE_LIMITED', 'MODEL_UNREACHABLE'] as const)(
    'stand in for a named model that fails with %s',
    async (code) => {
      const { router, calls } = createFixture({
        models: [cheap(failing(code)), other('from the other'), premium('from premium')],
        fallbacks: { 'a/mini': ['b/mini', 'c/large'] },
      })
      const result = await router.route(named('a/mini'))
      expect([result.answer.text, calls]).toEqual(['from the other', ['a/mini', 'b/mini']])
      expect(result.decision.fallbacks?.map(({ modelId, role }) => [modelId, role])).toEqual([
        ['b/mini', 'fallback'],
        ['c/large', 'fallback'],
      ])
    },
  )

  it('are of the last model of a plan, else of its route', async () => {
    const models = [cheap(failing('MODEL_RATE_LIMITED')), other(failing('MODEL_RATE_LIMITED')), premium('from premium')]
    const decide = () => ({ plan: [{ modelId: 'a/mini', tier: 'cheap_api', role: 'answer' }] as const })
    const byRoute = createFixture({ models, decide, fallbacks: { cheap: ['b/mini', 'c/large'] } })
    expect((await byRoute.router.route(requestOf('Hello'))).answer.text).toBe('from premium')
    expect(byRoute.calls).toEqual(['a/mini', 'b/mini', 'c/large'])
  })

  it.each([
    ['MODEL_PAYMENT_REQUIRED', 'MODEL_PAYMENT_REQUIRED', false],
    ['MODEL_PAYMENT_REQUIRED', 'MODEL_UNREACHABLE', true],
    ['MODEL_UNREACHABLE', 'MODEL_PAYMENT_REQUIRED', true],
  ] as const)('that fail with %s and %s say whether it is worth another try', async (first, second, isRetryable) => {
    const { router } = createFixture({
      models: [cheap(failing(first)), other(failing(second))],
      fallbacks: { 'a/mini': ['b/mini'] },
    })
    await expect(router.route(named('a/mini'))).rejects.toMatchObject({ code: 'ROUTER_ALL_FAILED', isRetryable })
  })

  it('do not stand in for an answer that was refused', async () => {
    const { router, calls } = createFixture({
      models: [cheap('bad'), other('from the other')],
      check: () => ({ valid: false, confidence: 0.1, checks: [{ name: 'non-empty', passed: false, detail: '' }] }),
      fallbacks: { cheap: ['b/mini'] },
    })
    const result = await router.route(named('a/mini'))
    expect([result.answer.text, result.verification?.isAccepted, calls]).toEqual(['bad', false, ['a/mini']])
  })

  it("are the caller's where it names them, and only what the request may have", async () => {
    const models = [cheap(failing('MODEL_UNREACHABLE')), other('from the other'), premium('from premium')]
    const { router, calls } = createFixture({ models, fallbacks: { cheap: ['b/mini'] } })
    const controls = { fallbacks: ['b/mini', 'c/large'], providers: ['a', 'c'] }
    expect((await router.route(named('a/mini', controls))).answer.text).toBe('from premium')
    expect(calls).toEqual(['a/mini', 'c/large'])
    await expect(router.route(named('a/mini', { fallbacks: ['nobody'] }))).rejects.toMatchObject({
      code: 'ROUTER_MODEL_UNKNOWN',
    })
  })

  it('keep a task on this machine that may not leave it', async () => {
    const local: ScriptedEntry = { id: 'l/tiny', tier: 'local_small', script: failing('MODEL_UNREACHABLE') }
    const { router, calls } = createFixture({
      models: [local, premium('from premium')],
      fallbacks: { local: ['c/large'] },
      decide: () => ({ plan: [{ modelId: 'l/tiny', tier: 'local_small', role: 'answer' }] as const }),
    })
    await expect(router.route(requestOf('Hello', { target: { kind: 'route', route: 'local' } }))).rejects.toMatchObject(
      { code: 'ROUTER_ALL_FAILED' },
    )
    expect(calls).toEqual(['l/tiny'])
  })

  it('go on with a stream before its first content', async () => {
    const { router } = createFixture({
      models: [cheap(failing('MODEL_PAYMENT_REQUIRED')), other('from the other')],
      fallbacks: { cheap: ['b/mini'] },
    })
    const stream = await router.routeStream(named('a/mini'))
    for await (const _part of stream.parts);
    expect(told((await stream.result).attempts)).toEqual([
      ['a/mini', 'failed', 'MODEL_PAYMENT_REQUIRED'],
      ['b/mini', 'accepted', undefined],
    ])
  })
})

describe('retries', () => {
  const twiceBusy = (retryAfterMs?: number): Script => {
    let count = 0
    return async () => {
      count += 1
      if (count <= 2) throw failing('MODEL_RATE_LIMITED', retryAfterMs)
      return 'at last'
    }
  }

  it.each([false, true])('ask the last model again, as late as its provider says (stream: %s)', async (isStream) => {
    const time = new Time()
    const { router, budget } = createFixture({
      models: [cheap(twiceBusy(1_500))],
      rules: { retries: { max: 2, waitMsMax: 2_000 } },
      timers: time,
      budgetNanos: 1_000_000_000n,
    })
    const going = isStream
      ? router.routeStream(named('a/mini')).then(async ({ parts, result }) => {
          for await (const _part of parts);
          return await result
        })
      : router.route(named('a/mini'))
    await time.pass(1_499)
    expect(time.waits.filter((ms) => ms === 1_500)).toHaveLength(1)
    await time.pass(1_600)
    const result = await going
    expect(result.answer.text).toBe('at last')
    expect(told(result.attempts)).toEqual([
      ['a/mini', 'failed', 'MODEL_RATE_LIMITED'],
      ['a/mini', 'failed', 'MODEL_RATE_LIMITED'],
      ['a/mini', 'accepted', undefined],
    ])
    expect([budget.heldNanos, time.open]).toEqual([0n, 0])
  })

  it('wait longer each time where nothing is said', async () => {
    const time = new Time()
    const { router } = createFixture({
      models: [cheap(twiceBusy())],
      rules: { retries: { max: 2, waitMsMax: 2_000 } },
      timers: time,
    })
    const going = router.route(named('a/mini'))
    await time.pass(1_000)
    await going
    expect(time.waits.filter((ms) => ms < 1_000)).toEqual([187.5, 375])
  })

  it('are not made where the provider asks for a longer pause, and it is passed on', async () => {
    const { router, calls } = createFixture({
      models: [cheap(twiceBusy(9_000))],
      rules: { retries: { max: 2, waitMsMax: 2_000 } },
    })
    await expect(router.route(named('a/mini'))).rejects.toMatchObject({
      code: 'MODEL_RATE_LIMITED',
      details: { retryAfterMs: 9_000 },
    })
    expect(calls).toHaveLength(1)
  })

  it('are not made while another model is left', async () => {
    const { router, calls } = createFixture({
      models: [cheap(failing('MODEL_RATE_LIMITED', 1)), premium('from premium')],
      rules: { retries: { max: 2, waitMsMax: 2_000 } },
    })
    await router.route(requestOf('Hello'))
    expect(calls).toEqual(['a/mini', 'c/large'])
  })

  it('end with the caller, in the pause too', async () => {
    const time = new Time()
    const { router, calls } = createFixture({
      models: [cheap(twiceBusy(1_000))],
      rules: { retries: { max: 5, waitMsMax: 2_000 } },
      timers: time,
    })
    const caller = new AbortController()
    const going = router.route(named('a/mini'), { signal: caller.signal })
    const ended = expect(going).rejects.toBeDefined()
    await time.pass(500)
    caller.abort(new Error('gone'))
    await ended
    expect([calls.length, time.open]).toEqual([1, 0])
  })
})

describe('hedges', () => {
  const rules = { hedge: { afterMs: 800, routes: ['cheap'] } } as const

  it('ask the next model beside a slow one, and take who answers first', async () => {
    const time = new Time()
    const [slow, fast] = [held(), held()]
    const { router, calls, budget } = createFixture({
      models: [cheap(slow.script), premium(fast.script)],
      rules,
      timers: time,
      budgetNanos: 1_000_000_000n,
    })
    const going = router.route(requestOf('Hello'))
    await time.pass(799)
    expect(calls).toEqual(['a/mini'])
    await time.pass(1)
    expect(calls).toEqual(['a/mini', 'c/large'])
    fast.answer('from premium')
    const result = await going
    expect([result.answer.text, CodedError.is(slow.reason(), MODEL_HEDGED)]).toEqual(['from premium', true])
    expect(told(result.attempts)).toEqual([
      ['c/large', 'accepted', undefined],
      ['a/mini', 'aborted', MODEL_HEDGED],
    ])
    // The slow one may be billed: it is charged the most that it can cost.
    expect([budget.heldNanos, budget.spentNanos > 1_500_000n, time.open]).toEqual([0n, true, 0])
  })

  it('end the second where the first answers after all', async () => {
    const time = new Time()
    const [slow, second] = [held(), held()]
    const { router, budget } = createFixture({
      models: [cheap(slow.script), premium(second.script)],
      rules,
      timers: time,
      budgetNanos: 1_000_000_000n,
    })
    const going = router.route(requestOf('Hello'))
    await time.pass(800)
    slow.answer('from cheap')
    const result = await going
    expect([result.answer.text, CodedError.is(second.reason(), MODEL_HEDGED)]).toEqual(['from cheap', true])
    expect(told(result.attempts)).toEqual([
      ['a/mini', 'accepted', undefined],
      ['c/large', 'aborted', MODEL_HEDGED],
    ])
    expect([budget.heldNanos, time.open]).toEqual([0n, 0])
  })

  it('go on with the second where the first fails, without asking it twice', async () => {
    const time = new Time()
    const { promise, reject } = Promise.withResolvers<ModelAnswer>()
    const second = held()
    const { router, calls } = createFixture({
      models: [cheap(async () => await promise), premium(second.script)],
      rules,
      timers: time,
    })
    const going = router.route(requestOf('Hello'))
    await time.pass(800)
    reject(failing('MODEL_UNREACHABLE'))
    await settled()
    second.answer('from premium')
    expect((await going).answer.text).toBe('from premium')
    expect(calls).toEqual(['a/mini', 'c/large'])
  })

  it('wait for the first where the second fails', async () => {
    const time = new Time()
    const slow = held()
    const { router, calls } = createFixture({
      models: [cheap(slow.script), premium(failing('MODEL_UNREACHABLE'))],
      rules,
      timers: time,
    })
    const going = router.route(requestOf('Hello'))
    await time.pass(900)
    slow.answer('from cheap')
    const result = await going
    expect([result.answer.text, calls]).toEqual(['from cheap', ['a/mini', 'c/large']])
  })

  it('do so with streams, of which one goes on', async () => {
    const time = new Time()
    const [slow, fast] = [held(), held()]
    const { router } = createFixture({ models: [cheap(slow.script), premium(fast.script)], rules, timers: time })
    const going = router.routeStream(requestOf('Hello'))
    await time.pass(800)
    fast.answer('from premium')
    const stream = await going
    let text = ''
    for await (const part of stream.parts) if (part.type === 'text-delta') text += part.text
    expect([text, CodedError.is(slow.reason(), MODEL_HEDGED)]).toEqual(['from premium', true])
    expect(told((await stream.result).attempts)).toEqual([
      ['a/mini', 'aborted', MODEL_HEDGED],
      ['c/large', 'accepted', undefined],
    ])
  })

  it('leave no stream open where both begin at once', async () => {
    const time = new Time()
    const [slow, fast] = [held(), held()]
    const { router, budget } = createFixture({
      models: [cheap(slow.script), premium(fast.script)],
      rules,
      timers: time,
      budgetNanos: 1_000_000_000n,
    })
    const going = router.routeStream(requestOf('Hello'))
    await time.pass(800)
    fast.answer('from premium')
    slow.answer('from cheap')
    const stream = await going
    for await (const _part of stream.parts);
    await stream.result
    await settled()
    expect([budget.heldNanos, time.open]).toEqual([0n, 0])
  })

  it('are not made for other routes, and end with the caller', async () => {
    const time = new Time()
    const [slow, second] = [held(), held()]
    const models = [premium(slow.script), cheap(second.script)]
    const plan = [
      { modelId: 'c/large', tier: 'premium_api', role: 'answer' },
      { modelId: 'a/mini', tier: 'cheap_api', role: 'escalation' },
    ] as const
    const { router, calls } = createFixture({ models, rules, timers: time, decide: () => ({ plan }) })
    const caller = new AbortController()
    const going = router.route(requestOf('Hello'), { signal: caller.signal })
    const ended = expect(going).rejects.toBeDefined()
    await time.pass(2_000)
    expect(calls).toEqual(['c/large'])
    caller.abort(new Error('gone'))
    await ended
    expect(time.open).toBe(0)
  })

  it('end both with the caller', async () => {
    const time = new Time()
    const [slow, second] = [held(), held()]
    const { router, outcomes } = createFixture({
      models: [cheap(slow.script), premium(second.script)],
      rules,
      timers: time,
    })
    const caller = new AbortController()
    const going = router.route(requestOf('Hello'), { signal: caller.signal })
    const ended = expect(going).rejects.toThrow('gone')
    await time.pass(900)
    caller.abort(new Error('gone'))
    await ended
    expect([outcomes.length, outcomes[0]?.attempts.map(({ outcome }) => outcome)]).toEqual([1, ['aborted', 'aborted']])
    expect(time.open).toBe(0)
  })
})

describe('time limits', () => {
  it('are those of the route of each model', async () => {
    const time = new Time()
    const [slow, slower] = [held(), held()]
    const { router } = createFixture({
      models: [cheap(slow.script), premium(slower.script)],
      rules: { routeTimeoutMs: { cheap: 100, premium: 700 } },
      timers: time,
    })
    const going = router.route(requestOf('Hello'))
    const ended = expect(going).rejects.toMatchObject({ code: 'ROUTER_ALL_FAILED' })
    await time.pass(100)
    expect(CodedError.is(slow.reason(), 'MODEL_TIMEOUT')).toBe(true)
    await time.pass(699)
    expect(slower.reason()).toBeUndefined()
    await time.pass(1)
    await ended
  })

  it('end a stream that has no content yet, and none that has', async () => {
    const time = new Time()
    const slow = held()
    const { router } = createFixture({
      models: [cheap(slow.script), premium('one two three')],
      rules: { firstPartTimeoutMs: 300 },
      timers: time,
    })
    const going = router.routeStream(requestOf('Hello'))
    await time.pass(300)
    const stream = await going
    await time.pass(4_000)
    for await (const _part of stream.parts);
    expect(told((await stream.result).attempts)).toEqual([
      ['a/mini', 'failed', 'MODEL_TIMEOUT'],
      ['c/large', 'accepted', undefined],
    ])
  })
})
