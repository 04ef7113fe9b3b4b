import { CodedError } from '../../base/errors.ts'
import type { ChatMessage } from '../../ports/language-model.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import { invalidRequest } from '../invalid-request.ts'

/** Images of one request that lie elsewhere; each name is looked up. */
const IMAGES_MAX = 64

type UserContent = Extract<ChatMessage, { readonly role: 'user' }>['content']

export type ImageJudge = {
  readonly web: KernellNode['web']
  readonly signal: AbortSignal
  /** What the caller called an image, by its message and its place in that; absent: as chat requests do. */
  readonly nameOf?: (message: number, part: number) => string
}

/**
 * The messages with the URLs of their images in the form that is handed on. Models fetch images themselves, a server of this machine from within its network: so a URL may lead to machines of the
 * internet alone, as the node's way out judges it. Images that are part of the request stay as they are.
 *
 * Throws `REQUEST_INVALID` naming the image that leads elsewhere, or nowhere; the signal's reason.
 */
export async function admitImages(
  messages: readonly ChatMessage[],
  judge: ImageJudge,
): Promise<readonly ChatMessage[]> {
  const count = messages.reduce((sum, message) => sum + (message.role === 'user' ? linksIn(message.content) : 0), 0)
  if (count === 0) return messages
  if (count > IMAGES_MAX) throw invalidRequest('messages', `messages may hold ${IMAGES_MAX} images by URL`)
  return await Promise.all(
    messages.map(async (message, index) => {
      if (message.role !== 'user') return message
      const { content } = message
      return { ...message, content: await admitContent(content, index, judge) }
    }),
  )
}

async function admitContent(
  content: UserContent,
  message: number,
  { web, signal, nameOf = nameInChat }: ImageJudge,
): Promise<UserContent> {
  if (typeof content === 'string') return content
  return await Promise.all(
    content.map(async (part, index) => {
      if (part.type !== 'image' || !isLink(part.url)) return part
      try {
        return { ...part, url: await web.admit(part.url, { signal }) }
      } catch (error: unknown) {
        if (!CodedError.is(error)) throw error
        const param = nameOf(message, index)
        throw invalidRequest(param, `${param} leads to no machine of the internet`)
      }
    }),
  )
}

function nameInChat(message: number, part: number): string {
  return `messages[${message}].content[${part}].image_url.url`
}

function linksIn(content: UserContent): number {
  return typeof content === 'string' ? 0 : content.filter((part) => part.type === 'image' && isLink(part.url)).length
}

function isLink(url: string): boolean {
  return !/^data:/i.test(url)
}
