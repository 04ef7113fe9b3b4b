/** Loaded before the server by `--import`: plants the defect that `PLANT` names into the modules that the server is about to use. */
import type { CIRCUIT_BREAKER as Breaker } from '../../../src/core/breakers/circuit-breaker.ts'
import type { BUDGET_MACHINE as Budget } from '../../../src/core/budget/budget-machine.ts'
import type { Amount } from '../../../src/base/money.ts'

type Transition = (typeof Budget)['transition']

const BUILT = '../../../dist/src/core'
const { BUDGET_MACHINE } = (await import(`${BUILT}/budget/budget-machine.js`)) as { BUDGET_MACHINE: typeof Budget }
const { CIRCUIT_BREAKER } = (await import(`${BUILT}/breakers/circuit-breaker.js`)) as {
  CIRCUIT_BREAKER: typeof Breaker
}
const { transition: budget } = BUDGET_MACHINE
const { transition: breaker } = CIRCUIT_BREAKER

/** A call is admitted on a nano-dollar, and settled in full. */
const withoutHold: Transition = (state, event) =>
  budget(state, event.type === 'reservation-requested' ? { ...event, amountNanos: 1n as Amount } : event)

/** What was open when the process died is forgotten by the next one. */
const forgettingHolds: Transition = (state, event) =>
  budget(state, event.type === 'reservation-expired' ? { ...event, type: 'reservation-released' } : event)

/** What a call did not use stays held. */
const keepingHolds: Transition = (state, event) => {
  if (event.type !== 'reservation-released') return budget(state, event)
  return { state, effects: [{ type: 'confirm-charge', id: event.id, spentNanos: 0n as Amount }] }
}

/** A breaker that has opened stays open. */
const wedged: (typeof Breaker)['transition'] = (state, event) =>
  event.type === 'call-requested' && state.kind !== 'closed'
    ? { state, effects: [{ type: 'refuse-call', waitMs: 1 }] }
    : breaker(state, event)

const PLANTS: Readonly<Record<string, () => unknown>> = {
  'settle-without-hold': () => Object.assign(BUDGET_MACHINE, { transition: withoutHold }),
  'forgotten-holds': () => Object.assign(BUDGET_MACHINE, { transition: forgettingHolds }),
  'kept-holds': () => Object.assign(BUDGET_MACHINE, { transition: keepingHolds }),
  'wedged-breaker': () => Object.assign(CIRCUIT_BREAKER, { transition: wedged }),
}
PLANTS[process.env['PLANT'] ?? '']?.()
