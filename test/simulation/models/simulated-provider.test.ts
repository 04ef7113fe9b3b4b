import { describe, expect, it, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { civilDateOfInstant } from '../../../src/core/models/civil-date.ts'
import type { LanguageModel, ModelRequest } from '../../../src/ports/language-model.ts'
import { isAccepted } from '../../../src/core/verification/verdict.ts'
import { verifyAnswer } from '../../../src/core/verification/verify-answer.ts'
import type { ProviderFaults } from '../../../src/simulation/models/provider-faults.ts'
import { ARRIVAL_MS } from '../../../src/simulation/models/sent-call.ts'
import type { SimulatedProvider } from '../../../src/simulation/models/simulated-provider.ts'
import { makeTask } from '../../../src/simulation/models/simulated-task.ts'
import { TASK_KINDS } from '../../../src/simulation/models/model-profile.ts'
import { drive } from '../../../src/simulation/run/drive.ts'
import { answerDeterministically } from '../../../src/core/tools/answer-deterministically.ts'
import { LANGUAGE_MODEL_CASES } from '../../../src/testing/conformance/language-model-cases.ts'
import { modelWorld, PREMIUM } from './simulated-world.ts'

const REQUEST: ModelRequest = {
  messages: [{ role: 'user', content: 'Name a colour.' }],
  passThrough: { user: 'task-1' },
}

function opened(faults?: Partial<ProviderFaults>) {
  const parts = modelWorld()
  const owner = parts.world.createProcess('caller')
  if (faults !== undefined) parts.provider.setFaults(PREMIUM, faults)
  const model = parts.provider.open(parts.prices.entryOf(PREMIUM), owner)
  const failure = async (call: Promise<unknown>): Promise<string> =>
    await drive(parts.world, call).then(
      () => 'none',
      (error: unknown) => (CodedError.is(error) ? error.code : 'other'),
    )
  return { ...parts, owner, model, failure }
}

describe('the port', () => {
  test.each(LANGUAGE_MODEL_CASES)('$name', async ({ run }) => {
    const { world, model, prices, owner, ...rest } = opened()
    const provider: SimulatedProvider = rest.provider
    provider.setFaults('together/mistral-7b-chat', { outage: 1 })
    const failing: LanguageModel = provider.open(prices.entryOf('together/mistral-7b-chat'), owner)
    await drive(world, run({ model, request: REQUEST, failing }))
  })
})

describe('what it charges', () => {
  it('charges an answer at the price of its tokens, and says so', async () => {
    const { world, model, provider } = opened()
    const { usage } = await drive(world, model.doGenerate(REQUEST))
    const nanos = BigInt(usage.tokensIn) * 10_000n + BigInt(usage.tokensOut) * 30_000n
    expect(provider.bill.lines).toMatchObject([{ user: 'task-1', costNanos: nanos, isAnswered: true }])
  })

  it('charges by the price at which the call arrives, however it was sent', async () => {
    const { world, model, provider, prices } = opened()
    const today = civilDateOfInstant(world.startAt)
    const call = model.doGenerate(REQUEST)
    world.schedule(ARRIVAL_MS - 1, { kind: 'dearer', run: () => prices.multiply(PREMIUM, 10, today) })
    world.schedule(ARRIVAL_MS + 1, { kind: 'dearer still', run: () => prices.multiply(PREMIUM, 10, today) })
    const { usage } = await drive(world, call)
    const listed = BigInt(usage.tokensIn) * 10_000n + BigInt(usage.tokensOut) * 30_000n
    expect(provider.bill.lines).toMatchObject([{ costNanos: listed * 10n, listedNanos: listed }])
    expect(provider.bill.repriced).toEqual({ calls: 1, nanos: listed * 9n })
  })

  it('charges a call that arrives when whoever sent it has left, or is dead', async () => {
    const { world, owner, model, provider, prices, failure } = opened()
    const controller = new AbortController()
    owner.timers.schedule(ARRIVAL_MS / 2, () => {
      controller.abort(new CodedError('MODEL_TIMEOUT', { message: 'late' }))
      prices.multiply(PREMIUM, 3, civilDateOfInstant(world.startAt))
    })
    expect(await failure(model.doGenerate(REQUEST, { signal: controller.signal }))).toBe('MODEL_TIMEOUT')
    await world.run()
    const [line] = provider.bill.lines
    expect(line?.costNanos).toBe((line?.listedNanos ?? 0n) * 3n)
    expect([line?.isAnswered, provider.bill.lines.length]).toEqual([false, 1])
  })

  it.each([
    ['outage', /^MODEL_(UNREACHABLE|SERVER_ERROR)$/],
    ['rateLimited', /^MODEL_RATE_LIMITED$/],
  ] as const)('charges nothing for %s', async (kind, code) => {
    const { model, provider, failure } = opened({ [kind]: 1 })
    expect(await failure(model.doGenerate(REQUEST))).toMatch(code)
    expect(provider.bill.lines).toEqual([])
  })

  it('charges who leaves while it hangs, and who is killed meanwhile', async () => {
    const { world, owner, model, provider, failure } = opened({ hanging: 1 })
    const controller = new AbortController()
    owner.timers.schedule(500, () => controller.abort(new CodedError('MODEL_TIMEOUT', { message: 'late' })))
    expect(await failure(model.doGenerate(REQUEST, { signal: controller.signal }))).toBe('MODEL_TIMEOUT')
    provider.calm()
    let heard = 0
    const hear = (): void => {
      heard += 1
    }
    model.doGenerate(REQUEST).then(hear, hear)
    owner.kill()
    await world.run()
    expect(heard).toBe(0)
    expect(provider.bill.lines.map(({ isAnswered }) => isAnswered)).toEqual([false, false])
  })

  it('breaks an answer off, whole and streamed, and charges what nobody got', async () => {
    const { model, provider, failure } = opened({ truncated: 1 })
    const read = async (): Promise<void> => {
      for await (const part of model.doStream(REQUEST)) expect(part.type).toBe('text-delta')
    }
    expect(await failure(model.doGenerate(REQUEST))).toBe('MODEL_STREAM_TRUNCATED')
    expect(await failure(read())).toBe('MODEL_STREAM_TRUNCATED')
    expect(provider.bill.lines.map(({ isAnswered }) => isAnswered)).toEqual([false, false])
  })

  it('answers garbage that cannot be read, or nonsense that checks refuse', async () => {
    const { world, model, provider } = opened({ garbage: 1 })
    const seen = new Set<string>()
    for (let call = 0; call < 20; call += 1)
      seen.add(
        await drive(
          world,
          model.doGenerate(REQUEST).then(
            ({ text }) => text,
            (error: unknown) => String(error),
          ),
        ),
      )
    expect(seen.size).toBe(2)
    expect(verifyAnswer({ task: 'Name a colour.', answer: 'lorem ipsum\n```\ndolor sit' }).valid).toBe(false)
    expect(provider.bill.lines).toHaveLength(20)
  })
})

describe('what it answers', () => {
  it.each(TASK_KINDS)('right answers of %s pass the real checks, and half of the wrong ones do not', async (kind) => {
    const { world, stage, outcomes, model } = opened()
    const random = stage.random('tasks')
    const counts = { right: 0, wrong: 0, caught: 0 }
    for (let at = 0; at < 600; at += 1) {
      const task = makeTask(random, kind)
      outcomes.announce(task)
      expect(answerDeterministically(task.prompt, { now: world.startAt })).toBeUndefined()
      const answer = await drive(world, model.doGenerate({ messages: [{ role: 'user', content: task.prompt }] }))
      const verdict = verifyAnswer({ task: task.prompt, answer: answer.text, finishReason: answer.finishReason })
      if (outcomes.isRight(PREMIUM, task)) {
        counts.right += 1
        expect([task.prompt, answer.text, isAccepted(verdict)]).toEqual([task.prompt, task.answers[0], true])
      } else {
        counts.wrong += 1
        if (!verdict.valid) counts.caught += 1
      }
    }
    expect(counts.right / 600).toBeCloseTo(outcomes.chanceOf(PREMIUM, kind), 1)
    expect(counts.caught / counts.wrong).toBeGreaterThan(0.3)
    expect(counts.caught / counts.wrong).toBeLessThan(0.7)
  })

  it('says the same whatever was asked before, and worse once it is degraded', () => {
    const [one, other] = [modelWorld(3), modelWorld(3)]
    const draws = one.stage.random('x')
    const tasks = Array.from({ length: 200 }, () => makeTask(draws, 'choice'))
    const rights = tasks.map((task) => one.outcomes.isRight(PREMIUM, task))
    expect(tasks.toReversed().map((task) => other.outcomes.isRight(PREMIUM, task))).toEqual(rights.toReversed())
    const random = one.stage.random('y')
    const fresh = Array.from({ length: 200 }, () => makeTask(random, 'choice'))
    const before = fresh.filter((task) => one.outcomes.isRight(PREMIUM, task)).length
    one.outcomes.degrade(PREMIUM, 0.3)
    expect(fresh.filter((task) => one.outcomes.isRight(PREMIUM, task)).length).toBeLessThan(before / 2)
  })
})
