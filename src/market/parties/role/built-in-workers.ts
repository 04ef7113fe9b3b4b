import { canonicalJson } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { MarketWorker } from './market-worker.ts'

const ENCODER = new TextEncoder()

/** Work that needs no model: the same bytes give the same result on every machine. By the name that `--agent` takes. */
export const BUILT_IN_WORKERS: ReadonlyMap<string, MarketWorker> = new Map([
  ['word-count', async (input) => await Promise.resolve(ENCODER.encode(canonicalJson(countText(textOf(input)))))],
  ['echo', async (input) => await Promise.resolve(input)],
])

/** Words are runs between blanks; lines are ended by line feeds, the last one need not be. */
function countText(text: string): { readonly characters: number; readonly lines: number; readonly words: number } {
  const words = text.split(/\s+/).filter((word) => word !== '').length
  const lines = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return { characters: Array.from(text).length, lines, words }
}

function textOf(input: Uint8Array): string {
  const text = decodeUtf8(input)
  if (text !== undefined) return text
  throw new CodedError('REQUEST_INVALID', { message: 'The input is not UTF-8 text' })
}
