/** Milliseconds in one second of a token's times. */
const SECOND = 1000

/** Beyond every stamp. */
const NEVER: number = Number.MAX_SAFE_INTEGER

/** First stamp, in milliseconds, at which a token with this `exp` is no longer valid: it is valid up to and with the instant `exp`. */
export function deadlineOf(exp: number | undefined): number {
  return exp === undefined ? NEVER : Math.min(NEVER, exp * SECOND + 1)
}

/** First stamp, in milliseconds, at which a token with this `nbf` is valid. */
export function startOf(nbf: number | undefined): number {
  return nbf === undefined ? 0 : Math.min(NEVER, nbf * SECOND)
}
