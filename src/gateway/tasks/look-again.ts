/** Looks again and again, one look at a time, until told to stop. A look that fails is no look: the store may be away for a while. */
export function lookAgain(look: () => Promise<void>, everyMs: number): () => void {
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    look()
      .catch(() => undefined)
      .finally(() => (isLooking = false))
      .catch(() => undefined)
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
