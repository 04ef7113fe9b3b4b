import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'
import { CodedError } from '../base/errors.ts'

/** What a call brought, as one text. Throws `MCP_RESULT_TOO_LARGE`. */
export function textOfResult({ content, structuredContent }: CallToolResult, bytesMax: number): string {
  const said = content.map(textOfBlock).join('\n')
  const text = (
    said === '' && structuredContent !== undefined ? JSON.stringify(structuredContent) : said
  ).toWellFormed()
  // Each letter has four bytes at most, so that most texts need no second look.
  if (text.length * 4 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return text
  throw new CodedError('MCP_RESULT_TOO_LARGE', {
    message: `The tool brought more than ${bytesMax} bytes`,
    details: { bytesMax },
  })
}

function textOfBlock(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text
    case 'image':
    case 'audio':
      return `[${block.type} ${block.mimeType}, ${block.data.length} letters of base64]`
    case 'resource':
      return 'text' in block.resource ? block.resource.text : `[resource ${block.resource.uri}]`
    case 'resource_link':
      return `[resource ${block.uri}]`
    default:
      return '[something else]'
  }
}
