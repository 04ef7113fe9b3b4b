/**
 * Where tokens begin with which chat templates begin and end messages, whatever their case: a server that reads a prompt's text for them would be told that the user speaks,
 * or the system. Words that are elements of many documents too (`<user>`, `[system]`) are left: no template in use has them as tokens.
 */
const TEMPLATE_TOKEN: RegExp = new RegExp(
  [
    // ChatML, Llama 3, Phi, Qwen, Command R, Granite, Harmony. DeepSeek writes full-width bars and blanks as U+2581.
    String.raw`[<\u2039\uff1c](?=[|\uff5c][\p{L}\p{N}_\u2581][\p{L}\p{N}_\u2581 .:/-]{0,40}[|\uff5c][>\u203a\uff1e])`,
    // Gemma 4: `<|turn>` and `<turn|>`.
    String.raw`<(?=\|[a-z_]{1,32}>|[a-z_]{1,32}\|>)`,
    // Gemma before, Command R, and what begins and ends a text or a call in many vocabularies.
    String.raw`<(?=/?(?:start_of_(?:turn|image)|end_of_(?:turn|image|text|sentence)|(?:bos|eos|eop|pad|unk|cls|sep)(?:_token)?|s|think|tool_call|tool_response|eot|eom|eod|extra_id_\d{1,4}|unused_?\d{1,4})>)`,
    // Mistral and Llama 2, GLM.
    String.raw`\[(?=/?(?:inst|system_prompt|available_tools|tool_results|tool_calls|tool_content|model_settings|img_break|img_end|begin_audio)\]|[gs]mask\])`,
    String.raw`<<(?=/?sys>>)`,
    // Alpaca.
    String.raw`(?<=(?:^|\n)[ \t]{0,4})#(?=##[ \t]{0,4}(?:instruction|response|human|assistant|user|system)[ \t]{0,4}:)`,
  ].join('|'),
  'giu',
)

/** Claude 2, Vicuna: a line begins with who speaks. */
const SPEAKER = /(?<=(?:^|\n)[ \t]{0,8})(?:Human|HUMAN|Assistant|ASSISTANT|USER)(?=:)/g

/** The text with every such token spelt apart by one blank: people and models read it as before, and no template does. */
export function withoutTemplateTokens(content: string): string {
  return content
    .replace(TEMPLATE_TOKEN, (token) => `${token.slice(0, 1)} ${token.slice(1)}`)
    .replace(SPEAKER, (speaker) => `${speaker} `)
}
