import { CodedError } from '../base/errors.ts'
import { parsePolicyDecision } from '../core/policy/policy-decision.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { OutboundFetch } from '../ports/outbound-fetch.ts'
import type { Advice, AdviceQuestion, PolicyAdviser } from '../ports/policy-adviser.ts'
import { asRecord, parseJson } from './json-access.ts'

export type RemotePolicyAdviserInit = {
  /** Base URL of the other node, for example `https://policy.example.com:8787`. */
  readonly url: string
  readonly apiKey?: string
}

/** A decision is a few hundred bytes; its explanation a few thousand. */
const ANSWER_BYTES_MAX = 262_144

/** PolicyPro: another node's `POST /v1/policy/decide`. Any node answers it for others. */
export function createRemotePolicyAdviser(
  init: RemotePolicyAdviserInit,
  { outbound }: { readonly outbound: OutboundFetch },
): PolicyAdviser {
  const url = `${init.url.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/policy/decide`
  const headers = {
    'content-type': 'application/json',
    ...(init.apiKey !== undefined && { authorization: `Bearer ${init.apiKey}` }),
  }
  return {
    name: 'pro',
    async advise({ prompt, maxBudgetUsd, quality }: AdviceQuestion, options: AbortOptions = {}): Promise<Advice> {
      const body = JSON.stringify({ prompt, max_budget_usd: maxBudgetUsd, quality })
      const response = await outbound.request({
        url,
        method: 'POST',
        headers,
        body,
        responseBytesMax: ANSWER_BYTES_MAX,
        signal: options.signal,
      })
      const text = await response.text()
      if (response.status !== 200) throw adviceFailed(`it answered with status ${response.status}`)
      const parsed = parsePolicyDecision(asRecord(parseJson(text))?.['decision'])
      if (parsed.kind === 'refused')
        throw adviceFailed(`its decision has a wrong ${parsed.field || 'form'}: expected ${parsed.problem}`)
      return { decision: parsed.decision }
    },
  }
}

function adviceFailed(what: string): CodedError {
  return new CodedError('POLICY_ADVICE_FAILED', { message: `The policy adviser gave no usable decision: ${what}` })
}
