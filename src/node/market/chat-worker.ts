import { CodedError } from '../../base/errors.ts'
import { MODEL_TIERS } from '../../core/models/model-entry.ts'
import type { MarketWorker } from '../../market/parties/role/market-worker.ts'
import type { Router } from '../../ports/router.ts'
import { decodePeerTask, encodePeerAnswer } from '../../router/peers/peer-task.ts'
import { callerOfPayer } from './payer-tenant.ts'

/** The name of the worker that sells answers of this node's own router. */
export const CHAT_AGENT = 'chat'

/** Answers questions that others pay for, by this node's own models: what was sold here is not bought elsewhere. An answer that its checks refuse is not delivered. */
export function createChatWorker(router: Router): MarketWorker {
  return async (input, { signal, count, payer }) => {
    const request = decodePeerTask(input)
    const result = await router.route(
      {
        caller: callerOfPayer(payer, CHAT_AGENT),
        target: { kind: 'auto' },
        request,
        sender: 'peer',
        controls: { tiers: ['cache', 'deterministic', ...MODEL_TIERS] },
      },
      { signal },
    )
    if (result.verification?.isAccepted === false)
      throw new CodedError('ROUTER_ALL_FAILED', { message: 'No answer could be accepted, so none is sold' })
    const { usage } = result.answer
    count('tokens.in', BigInt(usage.tokensIn))
    count('tokens.out', BigInt(usage.tokensOut))
    return encodePeerAnswer(result.answer)
  }
}
