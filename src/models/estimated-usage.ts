import type { ModelRequest, ModelUsage, ToolCall } from '../ports/language-model.ts'
import type { Tokenizer } from '../ports/tokenizer.ts'

/** Tokens that chat formats add per message, and to prime the answer. */
const TOKENS_PER_MESSAGE = 4
const TOKENS_OF_PRIMING = 3

/** A low-detail image in OpenAI's accounting; providers that report no usage document none of their own. */
const TOKENS_PER_IMAGE = 85

/** What an answer consists of, as far as it is billed. */
export type BilledAnswer = { readonly text: string; readonly toolCalls: readonly ToolCall[] }

/** Usage counted by a tokenizer, for providers that report none; marked as estimated. */
export async function estimateUsage(
  request: ModelRequest,
  answer: BilledAnswer,
  tokenizer: Tokenizer,
): Promise<ModelUsage> {
  const { text, imageCount } = promptOf(request)
  const tokensOfText = await tokenizer.count(text)
  const overhead = request.messages.length * TOKENS_PER_MESSAGE + TOKENS_OF_PRIMING + imageCount * TOKENS_PER_IMAGE
  const calls = answer.toolCalls.map((call) => `${call.name}${call.arguments}`).join('')
  return {
    tokensIn: tokensOfText + overhead,
    tokensOut: await tokenizer.count(answer.text + calls),
    cachedTokensIn: 0,
    isEstimated: true,
  }
}

function promptOf(request: ModelRequest): { readonly text: string; readonly imageCount: number } {
  const pieces: string[] = []
  let imageCount = 0
  for (const message of request.messages) {
    if (typeof message.content === 'string') pieces.push(message.content)
    else if (message.content !== null) {
      for (const part of message.content) {
        if (part.type === 'text') pieces.push(part.text)
        else imageCount++
      }
    }
    if (message.role === 'assistant') {
      for (const call of message.toolCalls ?? []) pieces.push(call.name, call.arguments)
    }
  }
  if (request.tools !== undefined && request.tools.length > 0) pieces.push(JSON.stringify(request.tools))
  return { text: pieces.join('\n'), imageCount }
}
