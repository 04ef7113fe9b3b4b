import type { JsonValue } from '../base/canonical-json.ts'
import { Placeholders } from '../core/redaction/placeholders.ts'
import type {
  ChatMessage,
  LanguageModel,
  ModelAnswer,
  ModelCallOptions,
  ModelRequest,
  ModelStreamPart,
  ToolDefinition,
} from '../ports/language-model.ts'

/**
 * A model outside that never sees the secrets of a prompt: each is behind a placeholder on its way out, and back in its place in the answer. What stands in images is
 * not looked at.
 */
export function createHidingModel(model: LanguageModel): LanguageModel {
  return new HidingModel(model)
}

class HidingModel implements LanguageModel {
  readonly modelId: string
  readonly provider: string
  private readonly model: LanguageModel

  constructor(model: LanguageModel) {
    this.model = model
    this.modelId = model.modelId
    this.provider = model.provider
  }

  async doGenerate(request: ModelRequest, options?: ModelCallOptions): Promise<ModelAnswer> {
    const hidden = new Placeholders()
    const answer = await this.model.doGenerate(hideIn(request, hidden), options)
    if (hidden.size === 0) return answer
    const isJson = isJsonWanted(request)
    // The tokens of a placeholder are not those of the answer that the caller gets.
    const { logprobs: _, ...rest } = answer
    return {
      ...rest,
      text: hidden.restore(answer.text, isJson ? escapeJson : undefined),
      toolCalls: answer.toolCalls.map((call) => ({ ...call, arguments: hidden.restore(call.arguments, escapeJson) })),
      ...(answer.refusal !== undefined && { refusal: hidden.restore(answer.refusal) }),
    }
  }

  async *doStream(request: ModelRequest, options?: ModelCallOptions): AsyncGenerator<ModelStreamPart, void, undefined> {
    const hidden = new Placeholders()
    const parts = this.model.doStream(hideIn(request, hidden), options)
    if (hidden.size === 0) {
      yield* parts
      return
    }
    const restoring = new RestoredParts(hidden, isJsonWanted(request))
    for await (const part of parts) yield* restoring.take(part)
  }
}

type Pieces = ReturnType<Placeholders['restorePieces']>

/** Parts of a stream with secrets put back. What is held back comes out before the finish. */
class RestoredParts {
  private readonly hidden: Placeholders
  private readonly text: Pieces
  private readonly refusal: Pieces
  private readonly calls = new Map<number, Pieces>()

  constructor(hidden: Placeholders, isJson: boolean) {
    this.hidden = hidden
    this.text = hidden.restorePieces(isJson ? escapeJson : undefined)
    this.refusal = hidden.restorePieces()
  }

  take(part: ModelStreamPart): readonly ModelStreamPart[] {
    switch (part.type) {
      case 'text-delta':
        return [{ type: 'text-delta', text: this.text.take(part.text) }]
      case 'refusal-delta':
        return [{ type: 'refusal-delta', text: this.refusal.take(part.text) }]
      case 'tool-call-delta':
        return [{ ...part, argumentsText: this.piecesOf(part.index).take(part.argumentsText) }]
      case 'finish':
        return [...this.heldBack(), part]
    }
  }

  private heldBack(): readonly ModelStreamPart[] {
    const parts: ModelStreamPart[] = []
    const [text, refusal] = [this.text.end(), this.refusal.end()]
    if (text !== '') parts.push({ type: 'text-delta', text })
    if (refusal !== '') parts.push({ type: 'refusal-delta', text: refusal })
    for (const [index, pieces] of this.calls) {
      const argumentsText = pieces.end()
      if (argumentsText !== '') parts.push({ type: 'tool-call-delta', index, argumentsText })
    }
    return parts
  }

  private piecesOf(index: number): Pieces {
    const pieces = this.calls.get(index) ?? this.hidden.restorePieces(escapeJson)
    this.calls.set(index, pieces)
    return pieces
  }
}

function hideIn(request: ModelRequest, hidden: Placeholders): ModelRequest {
  const { messages, tools, passThrough, stop } = request
  return {
    ...request,
    messages: messages.map((message) => hideInMessage(message, hidden)),
    ...(tools !== undefined && { tools: tools.map((tool) => hideInTool(tool, hidden)) }),
    ...(stop !== undefined && { stop: stop.map((text) => hidden.hide(text)) }),
    ...(passThrough !== undefined && {
      passThrough: Object.fromEntries(
        Object.entries(passThrough).map(([name, value]) => [name, value && hideInJson(value, hidden)]),
      ),
    }),
  }
}

function hideInMessage(message: ChatMessage, hidden: Placeholders): ChatMessage {
  switch (message.role) {
    case 'system':
    case 'developer':
    case 'tool':
      return { ...message, content: hidden.hide(message.content) }
    case 'assistant':
      return {
        ...message,
        content: message.content === null ? null : hidden.hide(message.content),
        ...(message.toolCalls !== undefined && {
          toolCalls: message.toolCalls.map((call) => ({ ...call, arguments: hidden.hide(call.arguments) })),
        }),
      }
    case 'user': {
      const { content, name } = message
      const parts = typeof content === 'string' ? hidden.hide(content) : hideInParts(content, hidden)
      return { ...message, content: parts, ...(name !== undefined && { name: hidden.hide(name) }) }
    }
  }
}

type ContentPart = Exclude<Extract<ChatMessage, { readonly role: 'user' }>['content'], string>[number]

/** A server joins the texts of a message, so a key that is cut over two of them is a key. */
function hideInParts(parts: readonly ContentPart[], hidden: Placeholders): readonly ContentPart[] {
  const texts = hidden.hidePieces(parts.map((part) => (part.type === 'text' ? part.text : '')))
  return parts.map((part, at) => (part.type === 'text' ? { ...part, text: texts[at] ?? '' } : part))
}

function hideInTool(tool: ToolDefinition, hidden: Placeholders): ToolDefinition {
  const { description, parameters } = tool
  return {
    ...tool,
    ...(description !== undefined && { description: hidden.hide(description) }),
    ...(parameters !== undefined && { parameters: hideInJson(parameters, hidden) }),
  }
}

function hideInJson(value: JsonValue, hidden: Placeholders): JsonValue {
  if (typeof value === 'string') return hidden.hide(value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((item) => hideInJson(item, hidden))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, member && hideInJson(member, hidden)]))
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function isJsonWanted({ responseFormat }: ModelRequest): boolean {
  return responseFormat !== undefined
}

/** A secret as it stands within a text of JSON. */
function escapeJson(secret: string): string {
  return JSON.stringify(secret).slice(1, -1)
}
