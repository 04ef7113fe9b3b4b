import { CodedError } from '../../base/errors.ts'
import { timestampFromMs } from '../../base/time.ts'
import {
  formatBudgetEvent,
  formatBudgetState,
  parseBudgetEvent,
  parseBudgetState,
} from '../../core/budget/budget-codec.ts'
import type { BudgetEffect, BudgetEvent, BudgetState } from '../../core/budget/budget-event.ts'
import type { BudgetMachine } from '../../core/budget/budget-machine.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { ActorSystem } from '../../actors/system/actor-system.ts'
import { MachineOwner } from '../machine-owner.ts'
import { jsonIn, ownerRecordIn } from '../owner-record.ts'

export type BudgetJournalComponents = {
  readonly actors: ActorSystem
  readonly log: EventLog
  readonly machine: BudgetMachine
}

export type BudgetJournalInit = { readonly mailboxBound: number; readonly compactAtBytes: number }

const RECORD_FORMAT = 1

/** The machine of the budgets over its journal. Its start throws `STORE_CORRUPTED`. */
export function openBudgetJournal(
  { actors, log, machine }: BudgetJournalComponents,
  { mailboxBound, compactAtBytes }: BudgetJournalInit,
): MachineOwner<BudgetState, BudgetEvent, BudgetEffect> {
  const encoder = new TextEncoder()
  return new MachineOwner(
    { actors, log, machine },
    {
      id: 'budgets',
      mailboxBound,
      compactAtBytes,
      first: machine.initial({ at: timestampFromMs(0) }),
      encode: (event, [first]) => encoder.encode(formatRecord(event, first)),
      replay(state, payload, index) {
        const record = ownerRecordIn(payload, RECORD_FORMAT, parseBudgetEvent)
        if (record === undefined) throw corruptedError(`record ${index} is not a budget event`)
        const step = machine.transition(state, record.event)
        if ((step.effects[0]?.type ?? null) !== record.effect)
          throw corruptedError(`record ${index} does not follow from the records before it`)
        return step.state
      },
      encodeState: (state) => encoder.encode(JSON.stringify(formatBudgetState(state))),
      decodeState(payload) {
        const state = parseBudgetState(jsonIn(payload))
        if (state === undefined) throw corruptedError('its snapshot is not a budget state')
        return state
      },
      isWithoutTrace: ([first]) => first?.type === 'refuse-reservation' || first?.type === 'event-refused',
    },
  )
}

/** The first effect is kept beside the event, so that a replay by other rules is noticed instead of believed. */
function formatRecord(event: BudgetEvent, effect: BudgetEffect | undefined): string {
  return JSON.stringify({ format: RECORD_FORMAT, event: formatBudgetEvent(event), effect: effect?.type ?? null })
}

function corruptedError(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The budget journal cannot be replayed: ${what}` })
}
