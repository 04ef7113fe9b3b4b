import { CodedError } from '../../base/errors.ts'
import type { ChatMessage } from '../../ports/language-model.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import { invalidRequest } from '../invalid-request.ts'

/** Images of one request that lie elsewhere; each name is looked up. */
const IMAGES_MAX = 64

type UserContent = Extract<ChatMessage, { readonly role: 'user' }>['content']

/**
 * The messages with the URLs of their images in the form that is handed on. Models fetch images themselves, a server of this machine from within its network: so a URL may lead to machines of the
 * internet alone, as the node's way out judges it. Images that are part of the request stay as they are.
 *
 * Throws `REQUEST_INVALID` naming the image that leads elsewhere, or nowhere; the signal's reason.
 */
export async function admitImages(
  messages: readonly ChatMessage[],
  web: KernellNode['web'],
  signal: AbortSignal,
): Promise<readonly ChatMessage[]> {
  const count = messages.reduce((sum, message) => sum + (message.role === 'user' ? linksIn(message.content) : 0), 0)
  if (count === 0) return messages
  if (count > IMAGES_MAX) throw invalidRequest('messages', `messages may hold ${IMAGES_MAX} images by URL`)
  return await Promise.all(
    messages.map(async (message, index) => {
      if (message.role !== 'user') return message
      const { content } = message
      return { ...message, content: await admitContent(content, `messages[${index}].content`, { web, signal }) }
    }),
  )
}

type Judge = { readonly web: KernellNode['web']; readonly signal: AbortSignal }

async function admitContent(content: UserContent, param: string, { web, signal }: Judge): Promise<UserContent> {
  if (typeof content === 'string') return content
  return await Promise.all(
    content.map(async (part, index) => {
      if (part.type !== 'image' || !isLink(part.url)) return part
      try {
        return { ...part, url: await web.admit(part.url, { signal }) }
      } catch (error: unknown) {
        if (!CodedError.is(error)) throw error
        throw invalidRequest(
          `${param}[${index}].image_url.url`,
          `${param}[${index}].image_url.url leads to no machine of the internet`,
        )
      }
    }),
  )
}

function linksIn(content: UserContent): number {
  return typeof content === 'string' ? 0 : content.filter((part) => part.type === 'image' && isLink(part.url)).length
}

function isLink(url: string): boolean {
  return !/^data:/i.test(url)
}
