/** A command has at most this many UTF-16 units. */
export const COMMAND_LENGTH_MAX = 256

/** `/` for all commands, or segments each behind a slash: lower case, none empty (UCAN 1.0, "Command"). */
export function isCommand(text: string): boolean {
  if (text.length > COMMAND_LENGTH_MAX) return false
  return text === '/' || /^(?:\/[^/\s\p{Lu}\p{Cc}]+)+$/u.test(text)
}

/** Whether `inner` is `outer` or lies below it: `/a` covers `/a/b` and not `/ab`. */
export function coversCommand(outer: string, inner: string): boolean {
  return outer === '/' || inner === outer || inner.startsWith(`${outer}/`)
}
