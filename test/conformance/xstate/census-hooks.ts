import { afterEach, expect } from 'vitest'
import type { CensusTaker } from './actor-census.ts'

/** Where a test's meta data keeps its census. */
export const CENSUS_KEY = 'census'

/** The one file that upstream runs in a simulated browser, for the global error event alone. */
const NEEDS_WINDOW = /\/errors\.test\.ts$/

/** Called by each side, once per test file that loads it. */
export function watchTests(census: CensusTaker): void {
  if (NEEDS_WINDOW.test(expect.getState().testPath ?? '')) installWindow()
  // What happened between two tests counts for the second one, so that nothing is left out.
  afterEach(({ task }) => void Reflect.set(task.meta, CENSUS_KEY, census.take()))
}

/** As much of a window as a listener for errors takes. */
function installWindow(): void {
  const window = new EventTarget()
  class ErrorEvent extends Event {
    readonly error: unknown
    constructor(type: string, init: { readonly error: unknown }) {
      super(type, { cancelable: true })
      this.error = init.error
    }
  }
  Object.assign(globalThis, { window, ErrorEvent, dispatchEvent: (event: Event) => window.dispatchEvent(event) })
}
