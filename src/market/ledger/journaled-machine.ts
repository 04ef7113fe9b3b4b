import type { Timestamp } from '../../base/time.ts'
import { balanceSums, formatBalances } from '../../core/ledger/ledger-balances.ts'
import { formatLedgerEvent, parseLedgerEvent } from '../../core/ledger/ledger-codec.ts'
import type { LedgerEffect, LedgerEvent } from '../../core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../core/ledger/ledger-machine.ts'
import { ledgerStateLines, LedgerStateReader } from '../../core/ledger/ledger-state-lines.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { LedgerInput, LedgerState } from '../../core/ledger/ledger-state.ts'
import type { Machine } from '../../core/machine.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Signer } from '../../ports/signer.ts'
import type { JournalFolder } from './journal-folder.ts'

/** Sums of one currency over all accounts, as decimal text. `sumNanos` is the sum of the balances and must be `0`. */
export type JournalSums = Readonly<
  Record<string, { readonly debitsNanos: string; readonly creditsNanos: string; readonly sumNanos: string }>
>

/** Takes the lines of a state as JSON, one after the other. */
export type StateReader<State> = {
  /** False for what is no line of a state. */
  add(line: unknown): boolean
  /** `undefined` where the lines were not those of a state. */
  end(): State | undefined
}

/** How a state is written down: lines of canonical JSON, the same for equal states. */
export type WrittenState<State> = {
  lines(state: State): Iterable<string>
  read(): StateReader<State>
}

/**
 * A machine whose events are kept in a hash-chained journal. An event that leaves the very same state is not written, so a machine must give back the
 * state object that it was given when an event changes nothing.
 */
export type JournaledMachine<State, Event, Effect> = {
  readonly machine: Pick<Machine<State, Event, Effect, never>, 'name' | 'transition' | 'violations'>
  /** The state before the first entry; the same for whoever replays. */
  readonly first: State
  /** Canonical JSON text of an event. */
  formatEvent(event: Event): string
  /** Reads what `formatEvent` wrote, as JSON; `undefined` for anything else. */
  parseEvent(json: unknown): Event | undefined
  stampOf(event: Event): Timestamp
  /** Canonical text of what a checkpoint commits to. */
  formatBalances(state: State): string
  sumsOf(state: State): JournalSums
  /** Absent where the state cannot be written: then no segment of the journal is ever closed. */
  readonly written?: WrittenState<State>
}

/** What a start needs besides the state, and what follows from the entries: kept beside the state of a closed segment, under a hash of its own. */
export type WrittenBeside = {
  lines(): Iterable<string>
  /** Takes the lines as JSON; `end` puts what they say in place, or says that they are none. */
  read(): { add(line: unknown): boolean; end(): boolean }
}

/** A state that is one JSON text: for those that never get large. */
export function writtenAsText<State>(
  format: (state: State) => string,
  parse: (json: unknown) => State | undefined,
): WrittenState<State> {
  return {
    lines: (state) => [format(state)],
    read: () => {
      const lines: unknown[] = []
      return { add: (line) => lines.push(line) === 1, end: () => (lines.length === 1 ? parse(lines[0]) : undefined) }
    },
  }
}

export type EntryDone<State, Effect> = {
  readonly index: number
  readonly at: Timestamp
  readonly state: State
  readonly effects: readonly Effect[]
}

export type MachineJournalComponents<State, Event, Effect> = {
  /** Of this journal alone, and compacted by `prune` alone: its records are the evidence. Whoever opened it closes it. */
  readonly log: EventLog
  readonly journaled: JournaledMachine<State, Event, Effect>
  /** Where closed segments are kept; `undefined`: none is ever closed, and a start replays everything. */
  readonly folder?: JournalFolder | undefined
  /** Written down with each state; absent where there is nothing besides. */
  readonly beside?: WrittenBeside | undefined
  /** Who signs checkpoints; `undefined` where nobody does. */
  readonly signer?: Signer | undefined
  /** Sees every entry that is replayed and made, with the state right behind it: for indexes beside the journal. It must not throw. */
  onEntry?(entry: EntryDone<State, Effect>): void
  /** Native SHA-256 where there is one. */
  readonly digest?: Sha256 | undefined
}

export type Journaled<Effect> = {
  readonly effects: readonly Effect[]
  /** Where the event is in the journal; `undefined` when it changed nothing and is not there. */
  readonly entry: { readonly index: number; readonly hash: Hash } | undefined
}

export type Taken<Effect> = {
  readonly results: readonly Journaled<Effect>[]
  /** Resolves when these events and all before them are on stable storage; rejects as `append` does. */
  readonly written: () => Promise<unknown>
}

/** The ledger by itself, as a node without contracts journals it. */
export function journaledLedger(input: LedgerInput): JournaledMachine<LedgerState, LedgerEvent, LedgerEffect> {
  return {
    machine: LEDGER_MACHINE,
    first: LEDGER_MACHINE.initial(input),
    formatEvent: formatLedgerEvent,
    parseEvent: parseLedgerEvent,
    stampOf: ({ at }) => at,
    formatBalances,
    sumsOf: balanceSums,
    written: { lines: ledgerStateLines, read: () => new LedgerStateReader() },
  }
}
