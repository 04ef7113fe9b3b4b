import type { GuestSide } from './guest-window.ts'
import type { GuestEnd } from './serve-guest.ts'

/** How deep a returned value may be nested: whoever gets it may walk it by recursion. */
export const VALUE_DEPTH_MAX = 256
/** A value in JSON may be as large as the limit of output, or this, bytes. */
export const VALUE_BYTES_LEAST = 65_536

/** The most that the JSON of a value may be, for a limit of output. */
export function valueBytesMax(outputBytes: number): number {
  return Math.max(outputBytes, VALUE_BYTES_LEAST)
}

/** How deep the arrays and objects of a text in JSON are nested. */
export function depthOfJson(text: string): number {
  let depth = 0
  let deepest = 0
  let isInString = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (isInString) {
      if (character === '\\') index += 1
      else if (character === '"') isInString = false
    } else if (character === '"') isInString = true
    else if (character === '[' || character === '{') deepest = Math.max(deepest, (depth += 1))
    else if (character === ']' || character === '}') depth -= 1
  }
  return deepest
}

/** Ends a run with a value in JSON, unless it is too large or too deep. */
export function endWithValue(
  window: GuestSide,
  { value, outputBytes }: { value: string; outputBytes: number },
): GuestEnd {
  if (value.length > valueBytesMax(outputBytes)) return window.stopAt('output')
  if (depthOfJson(value) <= VALUE_DEPTH_MAX) return { type: 'end', reason: 'exited', value, files: [], isCut: false }
  return failWith(window, `The returned value is nested deeper than ${VALUE_DEPTH_MAX}.`)
}

/** Ends a run that went wrong; `why` goes to its standard error. */
export function failWith(window: GuestSide, why: string): GuestEnd {
  window.write('stderr', new TextEncoder().encode(`${why}\n`))
  return { type: 'end', reason: 'failed', files: [], isCut: false }
}
