import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import { DELEGATION_CODES } from '../../../src/core/delegation/delegation-codes.ts'
import { DELEGATION_MACHINE } from '../../../src/core/delegation/delegation-machine.ts'
import { DELEGATION_TIMERS, PARTS_MAX } from '../../../src/core/delegation/delegation-state.ts'
import type {
  DelegationEvent,
  DelegationInput,
  DelegationState,
} from '../../../src/core/delegation/delegation-state.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { DELEGATION_MESSAGES } from '../../../src/wire/v1/auction-messages.ts'
import { CURRENCY, didOf, hashOf } from '../auction/auction-world.ts'

const ID: Hash = hashOf('request')
const INPUT: DelegationInput = {
  id: ID,
  payer: didOf('payer'),
  worker: didOf('worker'),
  at: timestampFromMs(0),
  request: {
    skill: 'text.word-count',
    task: hashOf('task'),
    inputHash: hashOf('input'),
    inputBytes: 10,
    capability: hashOf('token'),
    currency: CURRENCY,
    maximumNanos: amountFromNanos(100n),
    answerBy: timestampFromMs(1000),
    finishBy: timestampFromMs(5000),
    progressMs: durationFromMs(500),
  },
}

function about(
  at: number,
  by = 'worker',
): {
  envelope: Hash
  iss: DelegationInput['payer']
  seq: number
  prev: undefined
  at: DelegationInput['at']
  request: Hash
} {
  return {
    envelope: hashOf(`${by} ${at}`),
    iss: didOf(by),
    seq: 0,
    prev: undefined,
    at: timestampFromMs(at),
    request: ID,
  }
}

const accept = (at: number): DelegationEvent => ({ type: 'request-accepted', ...about(at) })
const progress = (at: number, step: number): DelegationEvent => ({
  type: 'progress-told',
  ...about(at),
  step,
  donePpm: 1,
})
const part = (at: number, number: number): DelegationEvent => ({
  type: 'part-delivered',
  ...about(at),
  part: number,
  partHash: hashOf('part'),
  partBytes: 5,
})
const result = (at: number, parts = 0): DelegationEvent => ({
  type: 'result-delivered',
  ...about(at),
  resultHash: hashOf('result'),
  resultBytes: 5,
  parts,
})
const cancel = (at: number, by = 'payer'): DelegationEvent => ({
  type: 'cancel-asked',
  ...about(at, by),
  reason: 'not-needed',
})
const stopped = (at: number, parts = 0): DelegationEvent => ({ type: 'work-stopped', ...about(at), parts })
const timer = (name: 'answer' | 'finish' | 'progress', at: number): DelegationEvent => ({
  type: 'timer-fired',
  name,
  at: timestampFromMs(at),
})

/** The kind of state and the last effects, in short. */
function play(...events: readonly DelegationEvent[]): string {
  let state: DelegationState = DELEGATION_MACHINE.initial(INPUT)
  let said: readonly string[] = []
  for (const event of events) {
    const step = DELEGATION_MACHINE.transition(state, event)
    said = step.effects.map((effect) => {
      if (effect.type === 'event-refused') return effect.code
      if (effect.type === 'start-timer') return `start ${effect.name} ${effect.firesAt}`
      return effect.type === 'cancel-timer' ? `stop ${effect.name}` : effect.type
    })
    if (said[0]?.startsWith('DELEGATION_') === true) expect(step.state).toBe(state)
    state = step.state
    expect(DELEGATION_MACHINE.violations(state)).toEqual([])
  }
  return [state.kind, ...said].join(', ')
}

describe('a delegated task', () => {
  it.each<[string, readonly DelegationEvent[], string]>([
    ['is accepted', [accept(999)], 'working, stop answer, start finish 5000, start progress 2499'],
    ['is accepted before the deadline only', [accept(1000)], 'requested, DELEGATION_LATE'],
    ['is not accepted behind it', [accept(1001)], 'requested, DELEGATION_LATE'],
    [
      'is refused',
      [{ type: 'request-refused', ...about(1), code: 'DELEGATION_BUSY' }],
      'refused, stop answer, report-end',
    ],
    ['expires unanswered', [timer('answer', 1000)], 'expired, stop answer, report-end'],
    ['does not expire early', [timer('answer', 999)], 'requested, DELEGATION_TIMER_EARLY'],
    ['is cancelled before it is accepted', [cancel(1)], 'cancelled, stop answer, report-end'],
    ['is cancelled by the payer alone', [accept(1), cancel(2, 'worker')], 'working, DELEGATION_SIGNER_WRONG'],
    [
      'is answered by the worker alone',
      [{ type: 'request-accepted', ...about(1, 'payer') }],
      'requested, DELEGATION_SIGNER_WRONG',
    ],
    [
      'knows its request',
      [{ ...accept(1), request: hashOf('other') } as DelegationEvent],
      'requested, DELEGATION_OTHER',
    ],
    ['goes by rising stamps', [accept(2), progress(1, 0)], 'working, DELEGATION_STAMP_BACKWARD'],
    ['tells of progress', [accept(1), progress(100, 0)], 'working, stop progress, start progress 1600'],
    ['forgets old progress', [accept(1), progress(100, 1), progress(101, 1)], 'working, DELEGATION_PROGRESS_OLD'],
    ['is silent', [accept(1), timer('progress', 1501)], 'working, report-silence'],
    ['is not silent early', [accept(1), timer('progress', 1500)], 'working, DELEGATION_TIMER_EARLY'],
    [
      'is silent once',
      [accept(1), timer('progress', 1501), timer('progress', 1502)],
      'working, DELEGATION_TIMER_UNKNOWN',
    ],
    ['speaks again', [accept(1), timer('progress', 1501), progress(1502, 0)], 'working, start progress 3002'],
    [
      'takes parts in order',
      [accept(1), part(2, 0), part(3, 1), result(4, 2)],
      'finished, stop finish, stop progress, report-end',
    ],
    ['takes no part twice', [accept(1), part(2, 0), part(3, 0)], 'working, DELEGATION_PART_ORDER'],
    ['takes no part ahead', [accept(1), part(2, 1)], 'working, DELEGATION_PART_ORDER'],
    ['finishes with all parts only', [accept(1), part(2, 0), result(3, 2)], 'working, DELEGATION_PARTS_MISSING'],
    ['finishes in time', [accept(1), result(4999)], 'finished, stop finish, stop progress, report-end'],
    ['finishes before the deadline only', [accept(1), result(5000)], 'working, DELEGATION_LATE'],
    ['does not finish behind it', [accept(1), result(5001)], 'working, DELEGATION_LATE'],
    ['expires unfinished', [accept(1), timer('finish', 5000)], 'expired, stop finish, stop progress, report-end'],
    [
      'fails',
      [accept(1), { type: 'task-failed', ...about(2), code: 'MODEL_GONE' }],
      'failed, stop finish, stop progress, report-end',
    ],
    ['is asked to stop', [accept(1), cancel(2)], 'cancelling, stop progress'],
    ['stops', [accept(1), part(2, 0), cancel(3), stopped(4, 1)], 'cancelled, stop finish, report-end'],
    [
      'says with how many parts it stops',
      [accept(1), part(2, 0), cancel(3), stopped(4, 0)],
      'cancelling, DELEGATION_PARTS_MISSING',
    ],
    ['does not stop unasked', [accept(1), stopped(2)], 'working, DELEGATION_STATE_WRONG'],
    [
      'counts a result that crosses the wish to stop',
      [accept(1), cancel(2), result(3)],
      'finished, stop finish, report-end',
    ],
    [
      'is cancelled at the latest when it should be done',
      [accept(1), cancel(2), timer('finish', 5000)],
      'cancelled, stop finish, report-end',
    ],
    ['is not asked twice', [accept(1), cancel(2), cancel(3)], 'cancelling, DELEGATION_STATE_WRONG'],
    ['has ended', [accept(1), result(2), result(3)], 'finished, DELEGATION_STATE_WRONG'],
    ['starts no work unaccepted', [result(1)], 'requested, DELEGATION_STATE_WRONG'],
  ])('%s', (_name, events, expected) => {
    expect(play(...events)).toBe(expected)
  })

  it('has a bounded number of parts', () => {
    const events = Array.from({ length: PARTS_MAX + 1 }, (_, at) => part(at + 2, at))
    expect(play(accept(1), ...events)).toBe('working, DELEGATION_PARTS_FULL')
  })

  it('is not accepted when its deadlines contradict each other', () => {
    const request = { ...INPUT.request, finishBy: INPUT.request.answerBy }
    const { effects } = DELEGATION_MACHINE.transition(DELEGATION_MACHINE.initial({ ...INPUT, request }), accept(1))
    expect(effects).toEqual([{ type: 'event-refused', code: 'DELEGATION_REQUEST_INVALID' }])
  })
})

describe('the page on delegation', () => {
  const page = readFileSync(new URL('../../../protocol/spec/delegation.md', import.meta.url), 'utf8')

  it('names every refusal code, timer and message', () => {
    const names = [...Object.keys(DELEGATION_CODES), ...DELEGATION_TIMERS, ...Object.keys(DELEGATION_MESSAGES)]
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })
})
