import { CodedError } from 'kernell-os/core'

/** What models made of a question: they could not do it as it was put. Everything else is of the world around the work. */
const OF_THE_WORK: ReadonlySet<string> = new Set([
  'MODEL_ANSWER_MALFORMED',
  'MODEL_ANSWER_TOO_LARGE',
  'MODEL_REQUEST_REFUSED',
])

/**
 * Whether a failure says something about how the work was cut or asked: answers that were refused, questions that no model
 * would answer. Absent models, budgets, networks, time-outs and cancelling say nothing about it, and nothing is learned
 * from them.
 */
export function saysSomething(error: unknown): boolean {
  if (!CodedError.is(error)) return false
  if (error.code !== 'ROUTER_ALL_FAILED') return OF_THE_WORK.has(error.code)
  const { attempts } = error.details
  return Array.isArray(attempts) && attempts.some(isOfTheWork)
}

/** An attempt of the router: an answer that its checks refused, or a failure of the model's own. */
function isOfTheWork(attempt: unknown): boolean {
  const { outcome, reason } = (attempt ?? {}) as { readonly outcome?: unknown; readonly reason?: unknown }
  return outcome === 'rejected' || (typeof reason === 'string' && OF_THE_WORK.has(reason))
}
