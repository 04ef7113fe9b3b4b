import { createRandomStream } from '../../src/base/random-stream.ts'
import { sha256Hex } from '../../src/base/sha256.ts'
import { LEDGER_MACHINE, type LedgerMachine } from '../../src/core/ledger/ledger-machine.ts'
import { formatLedgerState, parseLedgerState } from '../../src/core/ledger/ledger-state-codec.ts'
import { compareLedgers } from '../core/ledger/compare-ledgers.ts'
import { createLedgerCommands } from '../core/ledger/ledger-commands.ts'
import { MONEY_PLANTS } from './money-plants.ts'
import { isOverdue, type Torture, type TortureFailure, type TortureInit, type TortureReport } from './torture.ts'

/** Events of one world; then a new seed, so that a failure is found again quickly. */
const EVENTS_PER_WORLD = 5_000
/** Every invariant of the whole state, at every so many events; balances and effects are compared at every one. */
const WHOLE_EVERY = 16
const FAILURES_MAX = 20

/**
 * Events drawn at random go to the ledger machine and to a plain reference at once; after every one the effects, the clock and all balances must be
 * the same. A round is one event. At the end of each world its state must come through its written form unchanged.
 */
export const MONEY_TORTURE: Torture = {
  name: 'money',
  runsDefault: 1_000_000,
  plants: Object.fromEntries(Object.entries(MONEY_PLANTS).map(([name, { what }]) => [name, what])),
  async run(init) {
    return runMoney(init)
  },
}

function runMoney(init: TortureInit): TortureReport {
  const machine = MONEY_PLANTS[init.plant]?.machine ?? LEDGER_MACHINE
  const failures: TortureFailure[] = []
  const counts = new Map<string, number>()
  const hashes: string[] = []
  let runs = 0
  for (let seed = init.firstSeed; runs < init.runs && failures.length < FAILURES_MAX && !isOverdue(init); seed += 1) {
    const world = runWorld(machine, { seed, events: Math.min(EVENTS_PER_WORLD, init.runs - runs), counts })
    failures.push(...world.failures.map((what) => ({ seed, what })))
    hashes.push(world.hash)
    runs += world.events
    if (seed % 20 === 0) init.log(`${runs} events`)
  }
  const named = Object.fromEntries([...counts].toSorted(([one], [other]) => (one < other ? -1 : 1)))
  return { name: 'money', runs, counts: { ...named, hash: sha256Hex(hashes.join('')) }, failures }
}

type WorldInit = { readonly seed: number; readonly events: number; readonly counts: Map<string, number> }
type World = { readonly events: number; readonly hash: string; readonly failures: readonly string[] }

function runWorld(machine: LedgerMachine, { seed, events, counts }: WorldInit): World {
  const random = createRandomStream(seed)
  const commands = createLedgerCommands()
  const comparison = compareLedgers({
    ...machine,
    transition(state, event) {
      const step = machine.transition(state, event)
      for (const effect of step.effects) {
        const name = effect.type === 'event-refused' ? effect.code : effect.type
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      return step
    },
  })
  for (let done = 1; done <= events; done += 1) {
    const event = commands.next((bound) => random.nextBelow(bound))
    const failures = stepOrThrow(() => comparison.step(event, done % WHOLE_EVERY === 0 || done === events))
    if (failures.length > 0) return { events: done, hash: '', failures: [`event ${done}: ${failures.join('; ')}`] }
  }
  const text = formatLedgerState(comparison.state)
  const again = parseLedgerState(JSON.parse(text))
  const isSame = again !== undefined && formatLedgerState(again) === text
  return { events, hash: sha256Hex(text), failures: isSame ? [] : ['the written state is not read back'] }
}

/** A broken assertion is a finding like any other. */
function stepOrThrow(step: () => readonly string[]): readonly string[] {
  try {
    return step()
  } catch (error: unknown) {
    return [error instanceof Error ? error.message : String(error)]
  }
}
