import { estimateTokens } from '../core/models/estimate-tokens.ts'
import type { RequestNeeds } from '../core/models/capability-filter.ts'
import type { ChatMessage, ModelRequest } from '../ports/language-model.ts'

/** Tokens set aside for the answer when the caller gives no bound: enough for all but long essays. */
const ANSWER_TOKENS_DEFAULT = 1024

/**
 * Input tokens that one image counts as before the call. OpenAI publishes 85 and 170 for each tile of a high-detail image (1,105 for its example
 * of 2,048 by 4,096 pixels), Anthropic at most about 1,600; the larger is taken. Models that bill images as many times that (gpt-4o-mini) settle
 * above the estimate.
 */
const TOKENS_PER_IMAGE = 1600

/** What the router has to know of a request, read from it once. */
export type RequestFacts = {
  /** Text of the last user message: what the policy judges and the similarity cache compares. */
  readonly prompt: string
  /** True when the prompt is all there is: one user message in plain text, no system text, no tools, no format, no likelihoods of tokens. */
  readonly isBarePrompt: boolean
  /** True when the caller supplies tools or answers of tools: the answer depends on things outside the request. */
  readonly usesTools: boolean
  /** Everything that is sent and billed, estimated: texts, tool definitions and calls, the answer's schema, images. */
  readonly tokensIn: number
  readonly needs: RequestNeeds
}

/** Reads the facts; one pass over the messages. */
export function factsOf(request: ModelRequest, isStreaming: boolean): RequestFacts {
  let prompt = ''
  let characters = 0
  let tokensIn = 3
  let hasImages = false
  let hasToolMessages = false
  for (const message of request.messages) {
    const text = textOf(message)
    if (message.role === 'user') prompt = text
    if (message.role === 'user' && typeof message.content !== 'string') {
      const images = message.content.filter((part) => part.type === 'image').length
      hasImages ||= images > 0
      tokensIn += images * TOKENS_PER_IMAGE
    }
    if (message.role === 'assistant' && message.toolCalls !== undefined) tokensIn += jsonTokens(message.toolCalls)
    if (message.role === 'tool') hasToolMessages = true
    characters += text.length
    tokensIn += estimateTokens(text) + 4
  }
  if (request.tools !== undefined) tokensIn += jsonTokens(request.tools)
  if (request.responseFormat?.type === 'json-schema') tokensIn += jsonTokens(request.responseFormat.schema)
  const hasTools = request.tools !== undefined && request.tools.length > 0
  const isPlain = !hasImages && !hasTools && request.responseFormat === undefined && request.logprobs === undefined
  const outputTokens = request.maxOutputTokens
  return {
    prompt,
    isBarePrompt: isPlain && request.messages.length === 1 && characters === prompt.length && prompt !== '',
    usesTools: hasTools || hasToolMessages,
    tokensIn,
    needs: {
      ...(hasTools && { tools: true }),
      ...(hasImages && { vision: true }),
      ...(request.responseFormat?.type === 'json-schema' && { jsonSchema: true }),
      ...(request.logprobs !== undefined && { logprobs: true }),
      ...(isStreaming && { streaming: true }),
      contextTokens: tokensIn + (outputTokens ?? ANSWER_TOKENS_DEFAULT),
      ...(outputTokens !== undefined && { outputTokens }),
    },
  }
}

/** Providers write definitions in forms of their own, of about the length of their JSON. */
function jsonTokens(value: unknown): number {
  return estimateTokens(JSON.stringify(value))
}

/** Text of a message; images count as nothing. */
export function textOf(message: ChatMessage): string {
  const { content } = message
  if (content === null) return ''
  if (typeof content === 'string') return content
  let text = ''
  for (const part of content) if (part.type === 'text') text = text === '' ? part.text : `${text}\n${part.text}`
  return text
}
