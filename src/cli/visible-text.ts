/** Colours that we set ourselves; or one character that moves the cursor, rings, or turns the direction of writing. */
// oxlint-disable-next-line no-control-regex
const HIDDEN = /\u001b\[[\d;]*m|[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Text of others as a terminal may have it: what would act on the terminal is shown as `\u{1b}`. Line ends and colours stay. */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, (found) => (found.length > 1 ? found : `\\u{${found.charCodeAt(0).toString(16)}}`))
}
