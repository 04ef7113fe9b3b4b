/**
 * Looks again and again, one look at a time, until told to stop. A look that fails is no look: the store may be away for a while.
 *
 * @returns Ends it, and resolves when no look is under way any more.
 */
export function lookAgain(look: () => Promise<void>, everyMs: number): () => Promise<void> {
  let looking: Promise<void> | undefined
  const timer = setInterval(() => {
    looking ??= look()
      .catch(() => undefined)
      .finally(() => (looking = undefined))
  }, everyMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await looking
  }
}
