/** Thrown when the program itself is wrong. Never caught to carry on: the state can no longer be trusted. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/**
 * Crashes when an invariant is broken. On in production: a wrong state must not be written down.
 *
 * @param condition  What must be true.
 * @param invariant  The invariant in words, for example `'spent never exceeds the limit'`.
 */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new AssertionError(`Broken invariant: ${invariant}`)
}

/** Ends an exhaustive switch. A value that reaches it was not in the union at compile time. */
export function assertNever(value: never): never {
  throw new AssertionError(`Broken invariant: unexpected variant ${JSON.stringify(value)}`)
}
