import { hashTrieGet } from '../../../src/core/collections/hash-trie.ts'
import { versionedMapGet } from '../../../src/core/collections/versioned-map.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import type { LedgerMachine } from '../../../src/core/ledger/ledger-machine.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { ACCOUNT_KINDS, type AccountId, type TransferId } from '../../../src/core/ledger/ledger-names.ts'
import { keyOfClientId, keyOfHold } from '../../../src/core/ledger/remembered-ids.ts'
import type { LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import { account, START } from './ledger-builder.ts'
import { CURRENCIES, OWNERS } from './ledger-commands.ts'
import { createReferenceLedger, type ReferenceLedger } from './reference-ledger.ts'

export type Comparison = {
  readonly state: LedgerState
  readonly reference: ReferenceLedger
  /** What differs after the event; empty when nothing does. */
  step(event: LedgerEvent, isWhole: boolean): readonly string[]
}

const ACCOUNTS: readonly AccountId[] = CURRENCIES.flatMap((currency) =>
  OWNERS.flatMap((owner) => ACCOUNT_KINDS.map((kind) => account(owner, kind, currency))),
)

/** Runs the machine and the reference side by side. */
export function compareLedgers(machine: LedgerMachine): Comparison {
  const reference = createReferenceLedger(START)
  let state = machine.initial({ at: START })
  return {
    get state() {
      return state
    },
    reference,
    step(event, isWhole) {
      const due = textOf(reference.step(event))
      const step = machine.transition(state, event)
      const failures: string[] = []
      const came = textOf(step.effects)
      if (due !== came) failures.push(`due ${due}, came ${came}`)
      const isRefused = step.effects.every(({ type }) => type === 'event-refused')
      if (isRefused && step.state !== state) failures.push(...movedBy(state, step.state))
      const mayForget = state.generations.some(
        ({ source, last }) => event.at - last >= retentionOf(state, source === 'clients'),
      )
      state = step.state
      failures.push(...differences(state, reference))
      if (isWhole || mayForget) failures.push(...forgotten(state, reference))
      if (isWhole) failures.push(...machine.violations(state))
      return failures.map((what) => `${what} (${textOf(event)})`)
    },
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? String(member) : member))
}

/** A refusal moves no money. */
function movedBy(before: LedgerState, after: LedgerState): readonly string[] {
  const isSame = before.accounts === after.accounts && before.holds === after.holds && before.issues === after.issues
  return isSame ? [] : ['a refusal changed more than the memory of ids']
}

function differences(state: LedgerState, { tables }: ReferenceLedger): readonly string[] {
  const failures: string[] = []
  if (state.at !== tables.at) failures.push(`the clock is at ${state.at}, due is ${tables.at}`)
  for (const id of ACCOUNTS) {
    const row = hashTrieGet(state.accounts, id)
    const debits = tables.debits.get(id) ?? 0n
    const credits = tables.credits.get(id) ?? 0n
    if ((row?.debits ?? 0n) !== debits || (row?.credits ?? 0n) !== credits)
      failures.push(`${id} has ${row?.debits} and ${row?.credits}, due are ${debits} and ${credits}`)
  }
  return failures
}

/** The machine may forget an id that is older than the retention, and the reference then does so too; never a younger one. */
function forgotten(state: LedgerState, reference: ReferenceLedger): readonly string[] {
  const failures: string[] = []
  const { ids, holds } = reference.tables
  for (const [id, { at, isClient }] of ids) {
    const isOpen = holds.get(id)?.state === 'open'
    const known = versionedMapGet(state.remembered, keyOf(id))
    if (!isOpen && state.at - at < retentionOf(state, isClient)) {
      if (at === state.at && known === undefined) failures.push(`${id} is not remembered`)
      continue
    }
    if (known === undefined && hashTrieGet(state.holds, keyOf(id)) === undefined) reference.forget(id)
  }
  return failures
}

function retentionOf({ limits }: LedgerState, isClient: boolean): number {
  return isClient ? limits.clientRetention : limits.retention
}

/** Where the machine remembers what the reference calls `WHOSE ID`, or `ID`. */
function keyOf(name: string): string {
  const [whose = '', id] = name.split(' ')
  if (id === undefined) return whose
  return whose === 'hold'
    ? keyOfHold({ id: id as TransferId, contract: undefined })
    : keyOfClientId(whose as Did, id as TransferId)
}
