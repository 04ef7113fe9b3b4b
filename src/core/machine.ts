/** What a step leaves behind: the next state, and what is to be done outside, as data, in order. */
export type Step<State, Effect> = { readonly state: State; readonly effects: readonly Effect[] }

/**
 * A protocol as a value. Time, identifiers and draws arrive inside the event; whatever is to happen outside leaves as an
 * effect, and a shell runs it after the event is durable.
 */
export type Machine<State, Event, Effect, Input> = {
  readonly name: string
  initial(input: Input): State
  /** Total: an event that does not apply leaves the state unchanged and yields one `event-refused` effect with a code. */
  transition(state: State, event: Event): Step<State, Effect>
  /** Names of broken invariants; empty when sound. Run after every step in tests and simulation. */
  violations(state: State): readonly string[]
}
