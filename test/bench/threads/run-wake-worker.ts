/** The floor of a round trip: wakes, sets a word, wakes the other. Nothing is carried. */
import { workerData } from 'node:worker_threads'
import { ANSWERED, ASKED, type WakeWork } from './wake-work.ts'

const { words, isBlocking } = workerData as WakeWork

function answer(): void {
  if (Atomics.exchange(words, ASKED, 0) === 0) return
  Atomics.store(words, ANSWERED, 1)
  Atomics.notify(words, ANSWERED)
}

/** As a thread with an event loop waits. */
async function serve(): Promise<never> {
  // Keeps the thread alive while it waits.
  setInterval(() => {}, 2 ** 30)
  for (;;) {
    const waiting = Atomics.waitAsync(words, ASKED, 0)
    if (waiting.async) await waiting.value
    answer()
  }
}

/** As fast as the system lets a thread wake. */
function block(): never {
  for (;;) {
    Atomics.wait(words, ASKED, 0)
    answer()
  }
}

if (isBlocking) block()
else await serve()
