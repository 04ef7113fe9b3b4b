import type { Machine } from './machine.ts'

/** Whoever brings a new version has the old one end by itself, which writes down more than a death does, and starts the new one so much later. */
export function restartInOrder(machine: Machine, downMs: number): void {
  const end = (): void => {
    machine.kill()
    machine.restartIn(downMs)
  }
  // A disk that refuses ends it all the same.
  machine.stop().then(end, end)
}
