/**
 * The parts of an envelope's canonical text whose hashes are needed, cut out of it rather than written again. Members stand in the order of their names, and
 * every member of the head has a shape without quotes inside, so the places follow from what the members are:
 *
 * ```text
 * {"aud":"..","body":BODY,"bodyHash":"..", ... ,"seq":0,"signature":"..","type":"..","v":1}
 *            ^            ^                            ^                ^
 * ```
 *
 * It is right only for text that is canonical, of a head that was checked; `decodeEnvelope` looks at both before.
 */
export type EnvelopeParts = {
  /** Canonical text of the body. */
  readonly body: string
  /** Canonical text of the head: all but body and signature. */
  readonly head: string
}

const AUDIENCE = '{"aud":"'
const BODY = ',"body":'
const BODY_HASH = ',"bodyHash":"'
const SIGNATURE = ',"signature":"'

/** @returns `undefined` where the text has no such places. */
export function cutEnvelope(
  text: string,
  { aud, signature, type }: { readonly aud: string; readonly signature: string; readonly type: string },
): EnvelopeParts | undefined {
  const bodyAt = AUDIENCE.length + aud.length + 1
  const tail = `,"type":"${type}","v":1}`
  const signatureAt = text.length - tail.length - SIGNATURE.length - signature.length - 1
  const bodyEnd = text.lastIndexOf(BODY_HASH, signatureAt)
  const isPlaced =
    text.startsWith(AUDIENCE) &&
    text.startsWith(BODY, bodyAt) &&
    text.startsWith(SIGNATURE, signatureAt) &&
    text.endsWith(tail) &&
    bodyEnd >= bodyAt + BODY.length
  if (!isPlaced) return undefined
  return {
    body: text.slice(bodyAt + BODY.length, bodyEnd),
    head: text.slice(0, bodyAt) + text.slice(bodyEnd, signatureAt) + tail,
  }
}
