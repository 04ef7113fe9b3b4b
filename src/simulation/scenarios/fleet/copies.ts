import type { DiskCopy } from '../../disk/simulated-disk.ts'
import type { PlannedFault } from '../../faults/fault-plan.ts'
import type { FleetWorld } from './fleet-world.ts'

/** A machine whose disk was replaced starts so much later. */
const DOWN_MS = 200
/** Of the copies that are put back, those whose operator says so; and of these, those for which what was signed last is lost as well. */
const TOLD_SHARE = 0.7
const BLANK_SHARE = 0.5

/** Backups of notaries, which take the place of what was written since. */
export class Copies {
  private readonly world: FleetWorld
  private readonly kept = new Map<number, DiskCopy>()

  constructor(world: FleetWorld) {
    this.world = world
  }

  take({ id, target }: PlannedFault): void {
    const copy = this.notaryOf(target)?.copy()
    if (copy !== undefined) this.kept.set(id, copy)
  }

  putBack({ id, target, strength }: PlannedFault): void {
    const [notary, copy] = [this.notaryOf(target), this.kept.get(id)]
    if (notary === undefined || copy === undefined) return
    this.kept.delete(id)
    notary.machine.kill()
    const isToldSo = strength < TOLD_SHARE
    notary.restore(copy, { isToldSo, isBlank: isToldSo && strength < TOLD_SHARE * BLANK_SHARE })
    notary.machine.restartIn(DOWN_MS)
    this.world.stage.countFault('older-copy')
  }

  private notaryOf(name: string) {
    return this.world.honest.find(({ machine }) => machine.name === name)
  }
}
