import type { Timestamp } from '../../base/time.ts'
import type { TaskText } from './read-task-text.ts'

/** The families of exact tools. */
export type DeterministicTool =
  | 'arithmetic'
  | 'units'
  | 'dates'
  | 'counting'
  | 'json'
  | 'regex'
  | 'summary'
  | 'lists'
  | 'bases'
  | 'casing'
  | 'roman'

/** An exact answer. There is no partial one: a task that is not fully understood yields `undefined` instead. */
export type DeterministicAnswer = {
  readonly tool: DeterministicTool
  /** What the user is shown: the bare result in the form asked for. */
  readonly answer: string
  readonly confidence: 1
  /** One sentence for `explain`: how the result came about and which definition was used. */
  readonly explanation: string
}

/** What a task may depend on besides its text. */
export type DeterministicContext = {
  /** The present; without it no question about today is answered. */
  readonly now?: Timestamp
  /**
   * Where "today" is: `UTC` or a fixed offset such as `+02:00`; UTC when absent. Zone names need tables that this layer
   * does not have, so questions about today under a named zone are declined.
   */
  readonly timeZone?: string
}

/** One family's recogniser: the answer when the whole task is exactly one of its questions, else `undefined`. */
export type Recogniser = (task: TaskText, context: DeterministicContext) => DeterministicAnswer | undefined
