import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../src/base/canonical-json.ts'
import { CodedError } from '../../src/base/errors.ts'
import { parseChatRequest } from '../../src/gateway/openai/parse-chat-request.ts'
import type { ModelRequest } from '../../src/ports/language-model.ts'
import { readRepositoryFile } from '../repo/repository.ts'

function parse(members: Readonly<Record<string, JsonValue>>): ModelRequest {
  const body = { model: 'kernell', messages: [{ role: 'user', content: 'Say hello' }], ...members }
  return parseChatRequest(body, { messagesMax: 1 }).request
}

function refusalOf(members: Readonly<Record<string, JsonValue>>): unknown {
  try {
    parse(members)
    return undefined
  } catch (error) {
    return CodedError.is(error) ? { code: error.code, param: error.details['param'], message: error.message } : error
  }
}

/** A value of each member that asks for more than the ordinary. */
const REFUSED: Readonly<Record<string, JsonValue>> = {
  models: ['dear/model'],
  route: 'fallback',
  provider: { order: ['dear'] },
  providerOptions: { gateway: { models: ['dear/model'] } },
  preset: 'mine',
  fallbacks: ['dear-model'],
  model_list: [],
  engine: 'dear',
  deployment_id: 'dear',
  lora: [{ id: 1, scale: 1 }],
  custom_llm_provider: 'dear',
  context_window_fallback_dict: { a: 'b' },
  content_policy_fallbacks: [],
  router_settings_override: {},
  api_base: 'https://elsewhere.example',
  base_url: 'https://elsewhere.example',
  api_key: 'k',
  extra_headers: {},
  extra_body: { models: ['dear/model'] },
  inference_geo: 'us',
  service_tier: 'priority',
  speed: 'fast',
  cache_control: { type: 'ephemeral' },
  prediction: { type: 'content', content: 'x' },
  num_retries: 5,
  best_of: 20,
  use_beam_search: true,
  plugins: [{ id: 'web' }],
  web_search_options: {},
  web_search: true,
  search_parameters: { mode: 'on' },
  search_options: {},
  enable_search: true,
  mcp_servers: [],
  container: 'c',
  background: true,
  max_output_tokens: 100_000,
  max_new_tokens: 100_000,
  max_tokens_to_sample: 100_000,
  n_predict: -1,
  num_predict: -1,
  transforms: ['middle-out'],
  prompt: 'x',
  mock_response: 'x',
  store: true,
}

describe('a member that would choose another model or price', () => {
  it.each(Object.entries(REFUSED))('%s is refused by name, with the reason', (name, value) => {
    expect(refusalOf({ [name]: value })).toEqual({
      code: 'REQUEST_INVALID',
      param: name,
      message: expect.stringMatching(new RegExp(`^${name} is not passed on: .{20,}`)) as string,
    })
  })

  it('is listed in the description of the interface, and nothing else is', () => {
    const table =
      /\| refused \| because \|\n([\s\S]*?)\n\n/.exec(readRepositoryFile('protocol/http/README.md'))?.[1] ?? ''
    const listed = [...table.matchAll(/`([A-Za-z_]+)(?:: true)?`/g)].map((match) => match[1] ?? '')
    const known = listed.filter((name) => !['auto', 'default', 'max_completion_tokens'].includes(name))
    expect(known.toSorted()).toEqual(Object.keys(REFUSED).toSorted())
  })

  it.each([
    { service_tier: 'auto' },
    { service_tier: 'default' },
    { store: false },
    { best_of: 1 },
    { num_retries: 0 },
    { models: null },
  ])('may say the ordinary: %j', (members) => {
    expect(parse(members).passThrough).toEqual(members)
  })
})

describe('a member that changes neither', () => {
  it.each([
    { user: 'u1' },
    { metadata: { a: '1' } },
    { presence_penalty: 1 },
    { frequency_penalty: 1 },
    { logit_bias: { '5': 1 } },
    { top_k: 4 },
    { min_p: 0.1 },
    { repetition_penalty: 1.1 },
    { reasoning_effort: 'low' },
    { verbosity: 'low' },
    { parallel_tool_calls: false },
    { prompt_cache_key: 'k' },
    { safety_identifier: 's' },
    { a_member_of_next_year: 1 },
  ])('is passed on as it is: %j', (members) => {
    expect(parse(members).passThrough).toEqual(members)
  })
})
