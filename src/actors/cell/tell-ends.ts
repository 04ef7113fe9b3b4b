import type { Terminated } from '../actor-ref.ts'
import type { EndListener } from './cell-extras.ts'

type End = {
  readonly terminated: Terminated
  readonly listeners: Iterable<EndListener>
  readonly reportError: (error: unknown) => void
}

/** Ends that are yet to be told. One list for the thread: the end of an actor may end one of another system. */
const untold: End[] = []
let isTelling = false

/**
 * Tells `listeners` of an end. A listener that ends further actors adds theirs behind: a chain of ends does not grow the stack. One that
 * throws keeps nobody else from hearing of it.
 */
export function tellEnd(end: End): void {
  untold.push(end)
  if (isTelling) return
  isTelling = true
  try {
    for (let next = untold.shift(); next !== undefined; next = untold.shift()) tellAll(next)
  } finally {
    isTelling = false
  }
}

function tellAll({ listeners, terminated, reportError }: End): void {
  for (const listener of listeners) {
    try {
      listener.ended(terminated)
    } catch (error: unknown) {
      reportError(error)
    }
  }
}
