import { timestampFromMs } from '../../base/time.ts'
import type { ActorEnvironment } from '../environment.ts'

/**
 * The platform's environment, in Node and in pages. Its timers keep a process alive while they wait: a delayed transition
 * is work to be done.
 */
export function createSystemEnvironment(): ActorEnvironment {
  return {
    clock: {
      now: () => timestampFromMs(Date.now()),
      monotonicMs: () => performance.now(),
      timeoutSignal(delayMs) {
        const controller = new AbortController()
        setTimeout(() => controller.abort(new DOMException('The time is up', 'TimeoutError')), delayMs)
        return controller.signal
      },
    },
    timers: {
      schedule(delayMs, callback) {
        const handle = setTimeout(callback, delayMs)
        return { cancel: () => clearTimeout(handle) }
      },
    },
    random: {
      fraction: () => Math.random(),
      bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    },
    soon: (task) => queueMicrotask(task),
    later: platformLater(),
    // oxlint-disable-next-line no-console -- the default of XState's logger, which logic calls through `log`
    log: (...parts) => console.log(...parts),
    reportError: (error) => {
      setTimeout(() => {
        throw error
      })
    },
  }
}

/** After timers and sockets: `setImmediate` where there is one, a message to oneself elsewhere. */
function platformLater(): (task: () => void) => void {
  if (typeof setImmediate === 'function') return (task) => void setImmediate(task)
  const tasks: (() => void)[] = []
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', () => tasks.shift()?.())
  port1.start()
  return (task) => {
    tasks.push(task)
    port2.postMessage(undefined)
  }
}
