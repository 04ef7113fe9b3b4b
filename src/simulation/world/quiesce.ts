type Later = (task: () => void) => unknown

/** Kept before any trap is set. */
const immediate: Later | undefined = globalThis.setImmediate
const Channel = globalThis.MessageChannel
/** In Node, behind the microtasks that are left and before the loop goes round, which costs more. */
const tick: Later | undefined = (globalThis as { process?: { nextTick?: Later } }).process?.nextTick

/**
 * Resolves when no microtask is left, however many follow each other: the platform empties their queue before anything else has a turn. So the number of turns that some
 * promise takes never decides what happens next. Promises that go on for ever keep it, and everything else on this thread, from having a turn: only another thread can end
 * that, as the command does.
 *
 * @param goesRound  Whether the loop goes round as well, for signals and for what other threads say; it may all the same.
 */
export function quiesce(goesRound = true): Promise<void> {
  // From within a microtask: outside of one, ticks come first.
  if (tick !== undefined && !goesRound)
    return Promise.resolve().then(() => new Promise((resolve) => void tick(resolve)))
  if (immediate !== undefined) return new Promise((resolve) => void immediate(resolve))
  return new Promise((resolve) => {
    const { port1, port2 } = new Channel()
    // A page's port, whatever types are at hand.
    Object.assign(port1, {
      onmessage: () => {
        port1.close()
        resolve()
      },
    })
    port2.postMessage(0)
  })
}
