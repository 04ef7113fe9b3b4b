import type { Message, Part } from '@a2a-js/sdk'
import { ContentTypeNotSupportedError, RequestMalformedError } from '@a2a-js/sdk/errors'
import type { ContentPart } from '../../ports/language-model.ts'

/** What a message may consist of where nothing else is said. */
export const INPUT_MODES = [
  'text/plain',
  'application/json',
  'image/png',
  'image/jpeg',
  'image/webp',
  'image/gif',
] as const

const PARTS_MAX = 64
const ID_LENGTH_MAX = 256
const REFERENCES_MAX = 16

/**
 * Checks a message before anything is done with it: its ids, the number of its parts, and that each of them is of a kind that is understood here. Files by URL are
 * not fetched for strangers. Throws `RequestMalformedError` and `ContentTypeNotSupportedError`.
 */
export function checkMessage(message: Message): void {
  const { messageId, contextId, taskId, parts, referenceTaskIds } = message
  for (const [name, id] of Object.entries({ messageId, contextId, taskId }))
    if (id.length > ID_LENGTH_MAX) throw new RequestMalformedError(`${name} is longer than ${ID_LENGTH_MAX} characters`)
  if (parts.length === 0) throw new RequestMalformedError('message.parts is empty')
  if (parts.length > PARTS_MAX) throw new RequestMalformedError(`message.parts has more than ${PARTS_MAX} entries`)
  if (referenceTaskIds.length > REFERENCES_MAX)
    throw new RequestMalformedError(`message.referenceTaskIds has more than ${REFERENCES_MAX} entries`)
  for (const part of parts) contentOf(part)
}

/** The content of a message as a model reads it: text, data as JSON, images. */
export function promptOf({ parts }: Message): string | readonly ContentPart[] {
  const content = parts.map(contentOf)
  const isText = content.every(({ type }) => type === 'text')
  if (!isText) return content
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
}

function contentOf({ content, mediaType }: Part): ContentPart {
  switch (content?.$case) {
    case 'text':
      requireMode(mediaType, (type) => type === '' || type.startsWith('text/') || type === 'application/json')
      return { type: 'text', text: content.value }
    case 'data':
      requireMode(mediaType, (type) => type === '' || type === 'application/json')
      return { type: 'text', text: JSON.stringify(content.value ?? null) }
    case 'raw':
      requireMode(mediaType, (type) => type.startsWith('image/') && isInputMode(type))
      return { type: 'image', url: `data:${mediaType};base64,${content.value.toString('base64')}` }
    case 'url':
      throw new ContentTypeNotSupportedError('Files are taken as bytes (raw); what is at a URL is not fetched')
    case undefined:
      throw new RequestMalformedError('A part of the message has none of text, data and raw')
  }
}

function isInputMode(mediaType: string): boolean {
  return INPUT_MODES.some((mode) => mode === mediaType)
}

function requireMode(mediaType: string, isTaken: (type: string) => boolean): void {
  if (isTaken(mediaType.toLowerCase().split(';', 1)[0]?.trim() ?? '')) return
  throw new ContentTypeNotSupportedError(
    `Parts of the type ${JSON.stringify(mediaType.slice(0, 100))} are not read here`,
  )
}
