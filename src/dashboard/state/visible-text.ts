import type { Json } from '../connection/json-value.ts'

/** Characters that act instead of being seen: they move, hide, or turn the direction of writing. */
const ACTING = /(?![\n\t])\p{Cc}|\p{Bidi_Control}|[\u200b\u2060\ufeff]/gu

/** Text of others as a page may have it: what would act on the rest of the line is shown as `\u{202e}`. */
export function visibleText(text: string): string {
  return text.replace(ACTING, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The beginning of a text, at most so many characters, and whether that is all of it. Half a character is never left. */
export function beginningOf(text: string, most: number): { readonly text: string; readonly isWhole: boolean } {
  if (text.length <= most) return { text: visibleText(text), isWhole: true }
  const cut = text.slice(0, most).replace(/[\ud800-\udbff]$/, '')
  return { text: visibleText(cut), isWhole: false }
}

const VALUE_MAX = 400

/** Any value as a line of text; for what has no other form. */
export function shownOf(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return beginningOf(typeof value === 'object' ? JSON.stringify(value) : String(value), VALUE_MAX).text
}
