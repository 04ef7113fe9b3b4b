import { amountFromNanos } from '../../../base/money.ts'
import { CodedError } from '../../../base/errors.ts'
import type { PlannedFault } from '../../faults/fault-plan.ts'
import type { FleetWorld } from './fleet-world.ts'

/** A block may still be certified behind the loss of a quorum: the last vote was missing, and those who are gone had given theirs. */
const LAST_BLOCKS = 1
/** Within so long a payment is booked that comes while one of four notaries is gone: views are left behind two seconds, and those before them have doubled that. */
const BOOKED_MS_MAX = 20_000
/** Between two tries. */
const AGAIN_MS = 250
const PAID_NANOS = amountFromNanos(1_000_000n)

/** Notaries that fail together, and what the others must not do, or must, meanwhile. */
export class Losses {
  /** How long the payment took that came while one was gone, virtual ms. */
  bookedMs: number | undefined
  private readonly world: FleetWorld
  private open = 0
  private certifiedBefore = 0

  constructor(world: FleetWorld) {
    this.world = world
  }

  /** Whether payments are under way. */
  get isPaying(): boolean {
    return this.open > 0
  }

  begin({ kind, target }: PlannedFault): void {
    for (const name of target.split(' ')) this.machineOf(name)?.kill()
    this.world.stage.countFault(kind === 'quorum-loss' ? 'quorum-loss' : 'member-loss')
    this.certifiedBefore = this.world.witnesses.certified
    // With it the others have something to agree on.
    this.pay(kind === 'member-loss')
  }

  end({ kind, target, forMs }: PlannedFault): void {
    for (const name of target.split(' ')) this.machineOf(name)?.restartIn(1)
    const { checks } = this.world.stage
    if (kind === 'quorum-loss') {
      const certified = this.world.witnesses.certified - this.certifiedBefore
      checks.check(
        'no-quorum-no-progress',
        certified > LAST_BLOCKS ? `two of four have certified ${certified} blocks` : undefined,
      )
      return
    }
    const late = `a payment was not booked within ${forMs} ms while one of four was gone`
    checks.check('progress-without-one', this.isPaying ? late : undefined)
  }

  private pay(isTimed: boolean): void {
    this.open += 1
    this.payUntilBooked(isTimed).then(
      () => (this.open -= 1),
      (error: unknown) => this.world.stage.world.fail(error),
    )
  }

  private async payUntilBooked(isTimed: boolean): Promise<void> {
    const { world } = this.world.stage
    const { bank, network } = this.world.town.market
    const { did: owner } = network.identity('saver')
    const startMs = world.nowMs()
    for (;;) {
      try {
        await bank.issue({ owner, amountNanos: PAID_NANOS, key: `loss ${startMs}` })
        break
      } catch (error: unknown) {
        if (!CodedError.is(error)) throw error
      }
      await new Promise<void>((resolve) => void world.schedule(AGAIN_MS, { kind: 'pay', run: resolve }))
    }
    if (!isTimed) return
    this.bookedMs = world.nowMs() - startMs
    const late = `a payment was booked ${this.bookedMs} ms behind its coming while one of four was gone`
    this.world.stage.checks.check('progress-without-one', this.bookedMs > BOOKED_MS_MAX ? late : undefined)
  }

  private machineOf(name: string) {
    return this.world.town.market.notaries.find(({ machine }) => machine.name === name)?.machine
  }
}
