import type { JsonValue } from '../base/canonical-json.ts'

const OTHER_MODEL = 'it lets the provider answer with another model than the one that was chosen and priced'
const OTHER_PLACE = 'it sends the task to a place that the operator did not configure'
const OTHER_PRICE = 'it changes the price of the answer'
const MANY_ANSWERS = 'one answer is verified and paid for'
const PAID_EXTRAS = 'it lets the provider use services that are paid for besides the tokens'
const OTHER_BOUND = 'it is another name for the bound on the answer; send max_completion_tokens'
const OTHER_PROMPT = 'it changes the text that was judged and estimated'

/**
 * Members that servers with the chat completions interface are known to read (OpenAI, OpenRouter, LiteLLM, vLLM, llama.cpp, xAI,
 * DashScope, the Messages interface of Anthropic), and that would take a decision of this node out of its hands.
 */
const REFUSED: ReadonlyMap<string, string> = new Map(
  (
    [
      [OTHER_MODEL, 'models route provider providerOptions preset fallbacks model_list engine deployment_id lora'],
      [
        OTHER_MODEL,
        'context_window_fallback_dict content_policy_fallbacks custom_llm_provider router_settings_override',
      ],
      [OTHER_PLACE, 'api_base base_url api_key extra_headers extra_body inference_geo'],
      [OTHER_PRICE, 'service_tier speed cache_control prediction num_retries'],
      [MANY_ANSWERS, 'best_of use_beam_search'],
      [PAID_EXTRAS, 'plugins web_search_options web_search search_parameters search_options enable_search'],
      [PAID_EXTRAS, 'mcp_servers container background'],
      [OTHER_BOUND, 'max_output_tokens max_new_tokens max_tokens_to_sample n_predict num_predict'],
      [OTHER_PROMPT, 'transforms prompt mock_response'],
      ['it keeps the task at the provider', 'store'],
    ] as const
  ).flatMap(([reason, names]) => names.split(' ').map((name) => [name, reason] as const)),
)

/** What such a member may say all the same, because it asks for nothing beyond the ordinary. */
const ORDINARY: Readonly<Record<string, readonly JsonValue[]>> = {
  service_tier: ['auto', 'default'],
  store: [false],
  use_beam_search: [false],
  enable_search: [false],
  background: [false],
  best_of: [1],
  num_retries: [0],
}

/**
 * Why a member of a chat request may not reach a provider: it would choose another model or place, multiply the price, or keep the
 * task. `undefined` for members that do none of that as far as is known, and for `null`, which says nothing.
 */
export function reasonToRefuse(name: string, value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  const reason = REFUSED.get(name)
  if (reason === undefined) return undefined
  return Object.hasOwn(ORDINARY, name) && ORDINARY[name]?.includes(value) === true ? undefined : reason
}
