/** One promise of a port, runnable against any implementation. It throws when the promise is broken. */
export type ConformanceCase<Subject> = {
  /** The behaviour, in words; unique in its suite. */
  readonly name: string
  /** `subject` is fresh and empty; the caller disposes of it. */
  readonly run: (subject: Subject) => Promise<void>
}

/** Throws unless `actual` and `expected` are the same JSON-like value, byte arrays included. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  const left = describeValue(actual)
  const right = describeValue(expected)
  if (left !== right) throw new Error(`${what}: expected ${right}, got ${left}`)
}

/** Throws unless `work` rejects with an error that `isExpected` accepts. */
export async function expectRejection(
  work: () => Promise<unknown>,
  isExpected: (error: unknown) => boolean,
  what: string,
): Promise<void> {
  try {
    await work()
  } catch (error: unknown) {
    if (isExpected(error)) return
    throw new Error(`${what}: rejected with the wrong error`, { cause: error })
  }
  throw new Error(`${what}: was accepted`)
}

function describeValue(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes(${value.join(',')})`
  if (Array.isArray(value)) return `[${value.map(describeValue).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, member]) => `${key}:${describeValue(member)}`)
      .join(',')}}`
  }
  return typeof value === 'bigint' ? `${value}n` : String(JSON.stringify(value))
}
