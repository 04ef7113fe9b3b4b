import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { parseTaskId } from '../../../src/base/identifiers.ts'
import { sumResults } from '../../../src/gateway/openai/choices/sum-choices.ts'
import type { RouteAttempt, RouteResult } from '../../../src/ports/router.ts'
import { resultOf } from '../scripted-node.ts'

function result(more: Partial<RouteResult> = {}): RouteResult {
  const taskId = parseTaskId('t1')
  if (taskId === undefined) throw new Error('t1 is an id')
  return resultOf(taskId, more)
}

const attemptAt = (modelId: string): RouteAttempt => ({
  modelId,
  provider: 'openai',
  tier: 'cheap_api',
  outcome: 'accepted',
  tokensIn: 1,
  tokensOut: 1,
  isUsageEstimated: false,
  costNanos: amountFromNanos(1n),
  latencyMs: 1,
})

describe('the sum of several results', () => {
  it('has the calls of all, and is estimated where one is', () => {
    const { attempts, isCostEstimated } = sumResults([
      result({ attempts: [attemptAt('a')] }),
      result({ attempts: [attemptAt('b'), attemptAt('c')], isCostEstimated: true }),
    ])
    expect([attempts.map(({ modelId }) => modelId), isCostEstimated]).toEqual([['a', 'b', 'c'], true])
  })

  it('has the overhead of all', () => {
    const call: RouteResult['overheadCalls'][number] = {
      purpose: 'judge',
      model: 'openai/judge',
      tokensIn: 1,
      tokensOut: 1,
      costNanos: amountFromNanos(1n),
      latencyMs: 1,
    }
    expect(sumResults([result(), result({ overheadCalls: [call] })]).overheadCalls).toEqual([call])
  })

  const [yes, no] = [
    { isAccepted: true, confidence: 0.9 },
    { isAccepted: false, confidence: 0.2 },
  ]
  it.each<[string, (typeof yes | undefined)[], boolean | undefined]>([
    ['all were accepted', [yes, yes], true],
    ['one was refused', [yes, no], false],
    ['one was refused and one not checked', [undefined, no], false],
    ['one was not checked', [yes, undefined], undefined],
    ['none was checked', [undefined, undefined], undefined],
  ])('says of the checks that %s', (_what, verifications, isAccepted) => {
    const results = verifications.map((verification) => result({ verification }))
    expect(sumResults(results).verification?.isAccepted).toBe(isAccepted)
  })

  it('of nothing is a fault', () => {
    expect(() => sumResults([])).toThrow(RangeError)
  })
})
