import type { JsonValue } from '../../base/canonical-json.ts'
import { invalidRequest } from '../invalid-request.ts'
import { requireText } from '../openai/read-members.ts'

/** The address of an image. Throws `REQUEST_INVALID` for what is neither on the internet nor in the request itself. */
export function readImageUrl(value: JsonValue | undefined, param: string): string {
  const url = requireText(value, param)
  if (/^(?:https:\/\/|data:image\/)/i.test(url)) return url
  throw invalidRequest(param, `${param} must be an https: URL or a data: URL of an image`)
}
