type Later = (task: () => void) => unknown

/** Kept before any trap is set. */
const immediate: Later | undefined = globalThis.setImmediate
const Channel = globalThis.MessageChannel
/** In Node, behind the microtasks that are left and before the loop goes round, which costs a tenth of an event. */
const tick: Later | undefined = (globalThis as { process?: { nextTick?: Later } }).process?.nextTick
/** Of so many times one lets the loop go round, for signals and for what other threads say. */
const TURN_EVERY = 256
let times = 0

/**
 * Resolves when no microtask is left, however many follow each other: the platform empties their queue before anything else has a turn. So the number of turns that some
 * promise takes never decides what happens next. Promises that go on for ever keep it, and everything else on this thread, from having a turn: only another thread can end
 * that, as the command does.
 */
export function quiesce(): Promise<void> {
  times += 1
  // From within a microtask: outside of one, ticks come first.
  if (tick !== undefined && times % TURN_EVERY > 0)
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
