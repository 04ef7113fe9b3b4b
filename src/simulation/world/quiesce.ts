/** Kept before any trap is set. */
const immediate: ((task: () => void) => unknown) | undefined = globalThis.setImmediate
const Channel = globalThis.MessageChannel

/**
 * Resolves when no microtask is left, however many follow each other: the platform empties their queue before anything else has a turn. So the number of turns that some
 * promise takes never decides what happens next. Promises that go on for ever keep it, and everything else on this thread, from having a turn: only another thread can end
 * that, as the command does.
 */
export function quiesce(): Promise<void> {
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
