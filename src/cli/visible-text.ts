/** A colour; or one character that moves the cursor, rings, or turns the direction of writing. */
const ACTING = /\p{Cc}\[[\d;]*m|(?![\n\t]|\r\n)\p{Cc}|\p{Bidi_Control}/gu
const ESCAPE = 0x1b

/** Text of others as a terminal may have it: what would act on the terminal is shown as `\u{7}`. Line ends, tabs and colours stay. */
export function visibleText(text: string): string {
  return text.replace(ACTING, (found) => {
    const code = found.charCodeAt(0)
    if (found.length > 1 && (code === ESCAPE || found.startsWith('\n'))) return found
    return `\\u{${code.toString(16)}}${found.slice(1)}`
  })
}
