import type { PlannedFault } from './fault-plan.ts'
import type { Machine } from '../machine/machine.ts'
import type { Stage } from '../scenario/stage.ts'

const DOWN_MS = 50
/** A cut that waits for a file's new name comes within so long behind it: before, while or after it is synced. */
const NEAR_MS = 1.5
/** Power that came back fails once more within so long: while the machine starts, or right behind that. */
const FLICKER_MS = 60

/**
 * Cuts the power of machines in the ways that break journals. Half of the cuts wait for the disk's next new name: files that take the place of others are what stores are
 * careful with, the moment is short, and a disk that is busy draws the most power. And where power comes back, it often fails again at once.
 */
export class PowerCuts {
  private readonly stage: Stage
  private readonly waiting = new Map<number, () => void>()

  constructor(stage: Stage) {
    this.stage = stage
  }

  inject(fault: PlannedFault, machine: Machine): void {
    const { strength, id } = fault
    const cut = (): void => this.cut(fault, machine)
    if (strength < 0.5) return cut()
    this.waiting.set(id, cut)
    machine.disk.whenRenamed(() => {
      // The same delay for the same fault, whatever else happens.
      const delayMs = NEAR_MS * fractionOf(strength * 64)
      this.stage.world.schedule(delayMs, { kind: 'power', run: () => this.over(id) })
    })
  }

  /** One that has waited in vain comes now. */
  relieve({ id }: PlannedFault, machine: Machine): void {
    if (!this.waiting.has(id)) return
    machine.disk.whenRenamed(undefined)
    this.over(id)
  }

  private over(id: number): void {
    const cut = this.waiting.get(id)
    this.waiting.delete(id)
    cut?.()
  }

  private cut({ forMs, strength }: PlannedFault, machine: Machine): void {
    if (machine.running === undefined) return
    machine.cutPower('mix')
    // Some stay down for long; most are there again before anybody has given them up.
    const downMs = DOWN_MS + (strength < 0.15 ? forMs : forMs / 4)
    machine.restartIn(downMs)
    this.stage.countFault('power-cut')
    const again = fractionOf(strength * 8)
    if (again >= 0.4) return
    this.stage.world.schedule(downMs + FLICKER_MS * fractionOf(again * 16), {
      kind: 'power',
      run: () => {
        if (machine.running === undefined) return
        machine.cutPower('mix')
        machine.restartIn(DOWN_MS)
        this.stage.countFault('power-cut')
      },
    })
  }
}

function fractionOf(value: number): number {
  return value - Math.floor(value)
}
