import { CodedError } from '../../../base/errors.ts'
import type { AskOptions } from '../../actor-ref.ts'
import type { CurrentTurn } from '../cell/turn-gate.ts'

/**
 * Options for an ask that is made within a durable turn. The question leaves when the turn is stored; where that never happens, the ask
 * ends at once with `ACTOR_FAILED` instead of waiting for an answer to what nobody was asked.
 */
export function askInTurn({ cell, turn }: CurrentTurn, options: AskOptions): AskOptions {
  const { signal } = options
  const unsent = new AbortController()
  turn.onForgotten((cause) => unsent.abort(unsentError(cell.id, cause)))
  return { ...options, signal: signal === undefined ? unsent.signal : AbortSignal.any([signal, unsent.signal]) }
}

function unsentError(id: string, cause: unknown): CodedError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const message = `The question was never sent, because the turn in which actor ${id} asked came to nothing: ${why}`
  return new CodedError('ACTOR_FAILED', { message, cause, details: { id } })
}
