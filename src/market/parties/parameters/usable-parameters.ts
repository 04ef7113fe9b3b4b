import { CodedError } from '../../../base/errors.ts'
import { type DurationMs, durationFromMs } from '../../../base/time.ts'
import { DEFAULT_TIMERS, type EscrowRules } from '../../../core/escrow/escrow-rules.ts'
import { type EscrowTimers, TIMER_NAMES, type TimerName } from '../../../core/escrow/escrow-terms.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { parseParameterSet } from '../../../core/governance/governance-codec.ts'
import { escrowRulesOf, type ParameterSet } from '../../../core/governance/parameter-set.ts'
import type { NotaryClient } from '../../../ports/notary-client.ts'
import { knownParameters } from './market-parameters.ts'

type Usable = { readonly hash: Hash; readonly set: ParameterSet; readonly rules: EscrowRules }

/** The parameter sets that contracts of this node may pin: the one in force, as the notary set says, and before anybody governs those that its members publish. */
export class UsableParameters {
  /** Rules by the hash that a contract pins; what is learned stays, since the notary set refuses what is no longer in force. */
  readonly rules = new Map<Hash, EscrowRules>()
  private readonly notary: Pick<NotaryClient, 'governance'>
  private inForce: Usable
  private beside: readonly Usable[]

  constructor(notary: Pick<NotaryClient, 'governance'>) {
    const [first, ...others] = knownParameters()
    this.notary = notary
    this.inForce = first
    this.beside = others
    for (const { hash, rules } of [first, ...others]) this.rules.set(hash, rules)
  }

  /** What a contract pins where nothing else is asked for. */
  get current(): Usable {
    return this.inForce
  }

  /** The spans of a contract where nothing else is asked for: those of the design, as far as the set in force allows them. */
  get timers(): EscrowTimers {
    return withinRules(DEFAULT_TIMERS, this.inForce.rules)
  }

  /** Asks the notary set. Rejects as `NotaryClient.governance`. */
  async refresh(): Promise<void> {
    const view = await this.notary.governance()
    if (view === undefined) return
    for (const { hash, values } of view.sets) {
      const set = parseParameterSet(values)
      if (set === undefined || hash !== view.current) continue
      this.inForce = { hash, set, rules: escrowRulesOf(set) }
      this.rules.set(hash, this.inForce.rules)
    }
    this.beside = knownParameters().filter(({ hash }) => view.beside.includes(hash))
  }

  /**
   * The spans of a contract and, where it is not the one in force, the set that it pins: what the buyer pins anyway is not asked for. Spans that nobody
   * asked for are moved into the rules. Throws `REQUEST_INVALID` where a span that was asked for is outside.
   */
  fit({ timers, asked }: { readonly timers: EscrowTimers; readonly asked: ReadonlySet<TimerName> }): {
    readonly timers: EscrowTimers
    readonly parametersHash?: Hash
  } {
    for (const { hash, rules } of [this.inForce, ...this.beside]) {
      const moved = withinRules(timers, rules)
      if (![...asked].every((name) => moved[name] === timers[name])) continue
      return { timers: moved, ...(hash !== this.inForce.hash && { parametersHash: hash }) }
    }
    const { minimums, maximums } = this.inForce.rules
    const outside = [...asked].find((name) => timers[name] < minimums[name] || timers[name] > maximums[name])
    const what = outside === undefined ? 'timers' : `${outside} must be ${minimums[outside]} to ${maximums[outside]} ms`
    throw new CodedError('REQUEST_INVALID', {
      message: `${what} under the parameter set in force, ${this.inForce.hash}`,
      details: { param: 'timers' },
    })
  }
}

function withinRules(timers: EscrowTimers, { minimums, maximums }: EscrowRules): EscrowTimers {
  const moved: Record<TimerName, DurationMs> = { ...timers }
  for (const name of TIMER_NAMES)
    moved[name] = durationFromMs(Math.min(Math.max(timers[name], minimums[name]), maximums[name]))
  return moved
}
