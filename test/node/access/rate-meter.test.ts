import { describe, expect, it } from 'vitest'
import type { CodedError } from '../../../src/base/errors.ts'
import type { ScopedRates } from '../../../src/core/access/effective-access.ts'
import { type RateHold, RateMeter } from '../../../src/node/access/rate-meter.ts'

class Clock {
  nowMs = 0
  monotonicMs(): number {
    return this.nowMs
  }
}

const levels = (...rates: readonly ScopedRates['rates'][]): readonly ScopedRates[] =>
  rates.map((each, place) => ({ scope: `level:${place}`, rates: each }))

function tryBegin(meter: RateMeter, asked: readonly ScopedRates[], count?: number): RateHold | CodedError {
  try {
    return meter.begin(asked, count)
  } catch (error: unknown) {
    return error as CodedError
  }
}

const left = (hold: RateHold | CodedError): string | undefined =>
  'headers' in hold ? hold.headers[hold.headers.indexOf('x-ratelimit-remaining-requests') + 1] : undefined

describe('rates of requests that are begun together', () => {
  it('count each of them against the minute', () => {
    const meter = new RateMeter(new Clock())
    const asked = levels({ requestsPerMinute: 5 })
    expect(left(meter.begin(asked, 3))).toBe('2')
    expect(tryBegin(meter, asked, 3)).toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
    expect(left(meter.begin(asked, 2))).toBe('0')
  })

  it('take nothing from any level where one of them has too little', () => {
    const clock = new Clock()
    const meter = new RateMeter(clock)
    const [wide, narrow] = levels({ requestsPerMinute: 10, concurrentRequests: 10 }, { requestsPerMinute: 2 })
    if (wide === undefined || narrow === undefined) throw new Error('Two levels were made')
    expect(tryBegin(meter, [wide, narrow], 3)).toMatchObject({
      code: 'ACCESS_RATE_LIMITED',
      message: expect.stringContaining('level:1') as string,
    })
    expect(left(meter.begin([wide], 10))).toBe('0')
  })

  it('hold as many places, until all are given back at once', () => {
    const meter = new RateMeter(new Clock())
    const asked = levels({ concurrentRequests: 4 })
    const hold = meter.begin(asked, 3)
    expect(tryBegin(meter, asked, 2)).toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
    meter.begin(asked)
    hold.end()
    hold.end()
    expect(tryBegin(meter, asked, 4)).toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
    expect(tryBegin(meter, asked, 3)).toHaveProperty('end')
  })

  it('say when there is room for all of them', () => {
    const clock = new Clock()
    const meter = new RateMeter(clock)
    const asked = levels({ requestsPerMinute: 60 })
    meter.begin(asked, 60)
    const refused = tryBegin(meter, asked, 30) as CodedError
    const waitMs = Number(refused.details['retryAfterMs'])
    expect(waitMs).toBeGreaterThan(29_000)
    clock.nowMs = waitMs - 2_000
    expect(tryBegin(meter, asked, 30)).toMatchObject({ code: 'ACCESS_RATE_LIMITED' })
    clock.nowMs = waitMs
    expect(tryBegin(meter, asked, 30)).toHaveProperty('end')
  })
})
