import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { CAPABILITY_REFUSALS, type CapabilityRefusal } from '../../core/capability/capability-refusals.ts'
import type { CallJudge } from '../../rights/granted-sandbox.ts'
import { parseSandboxPolicy } from '../../wire/sandbox-policy-document.ts'
import type { ControlRequest } from '../control/control-request.ts'

/** The desk of a node that is asked as commands ask it. Its calls reject as `ask` does, and with `INTERNAL_ERROR` for an answer that is no verdict. */
export function judgeBy(ask: (request: ControlRequest) => Promise<JsonValue>): CallJudge {
  return {
    async admit({ order, chain, action, code }) {
      const answer = await ask({ op: 'call-admit', order, chain: [...chain], action, code })
      const { kind, code: refusal, policy } = typeof answer === 'object' && answer !== null ? membersOf(answer) : {}
      if (kind === 'granted') return { kind, policy: parseSandboxPolicy(JSON.stringify(policy)) }
      if (kind === 'refused' && isRefusal(refusal)) return { kind, code: refusal }
      throw new CodedError('INTERNAL_ERROR', { message: 'The node answered with no verdict' })
    },
  }
}

function membersOf(answer: object): { readonly [name: string]: unknown } {
  return { ...answer }
}

function isRefusal(code: unknown): code is CapabilityRefusal {
  return typeof code === 'string' && Object.hasOwn(CAPABILITY_REFUSALS, code)
}
