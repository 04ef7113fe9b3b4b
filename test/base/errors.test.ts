import { describe, expect, it } from 'vitest'
import { CodedError, fromPlainError, httpStatusOf, toPlainError } from '../../src/base/errors.ts'

describe('coded errors', () => {
  it('are recognised after a trip as plain data', () => {
    const error = new CodedError('ROUTER_NO_MODEL', { message: 'none', details: { tried: 0 } })
    const back = fromPlainError(structuredClone(toPlainError(error)))
    expect([CodedError.is(back, 'ROUTER_NO_MODEL'), back.message, back.details]).toEqual([true, 'none', { tried: 0 }])
  })

  it('are told from other errors', () => {
    expect([
      CodedError.is(new Error('x')),
      CodedError.is(undefined),
      CodedError.is({ code: 'ROUTER_NO_MODEL' }),
    ]).toEqual([false, false, false])
  })

  it('carry the status and the retry of their code', () => {
    expect(httpStatusOf('ROUTER_ALL_FAILED')).toBe(502)
    expect(new CodedError('ROUTER_ALL_FAILED', { message: '' }).isRetryable).toBe(true)
    expect(toPlainError(new Error('boom'))).toEqual({ code: 'INTERNAL_ERROR', message: 'boom' })
  })

  it.each(['INTERNAL', 'OF_A_LATER_VERSION', 'constructor'])(
    'read %s, which the table does not have, as INTERNAL_ERROR',
    (code) => {
      const back = fromPlainError({ code, message: 'boom', details: { tried: 1 } })
      expect([back.code, back.message, back.details, back.isRetryable]).toEqual([
        'INTERNAL_ERROR',
        'boom',
        { tried: 1 },
        false,
      ])
    },
  )
})
