import type { ChatMessage } from '../../ports/language-model.ts'
import { invalidRequest } from '../invalid-request.ts'

/** The calls of tools that a conversation made so far. */
export class CalledTools {
  readonly #ids = new Set<string>()

  /**
   * Takes the next message.
   *
   * @param param  What the caller calls the id of the call that a result is of.
   *
   * Throws `REQUEST_INVALID` for the result of a call that nobody made. Providers refuse it too, but only after a model was chosen and room in the budgets taken.
   */
  add(message: ChatMessage, param: string): void {
    if (message.role === 'assistant') for (const { id } of message.toolCalls ?? []) this.#ids.add(id)
    if (message.role === 'tool' && !this.#ids.has(message.toolCallId))
      throw invalidRequest(param, `${param} answers a tool call that no message before it makes`)
  }
}
