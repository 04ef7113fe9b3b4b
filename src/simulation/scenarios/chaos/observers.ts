import { AtMostOnce } from '../../checks/at-most-once.ts'
import type { CheckBook } from '../../checks/check-book.ts'
import { DeadlinesKept } from '../../checks/deadlines-kept.ts'
import { DurableAcknowledged } from '../../checks/durable-acknowledged.ts'
import { NeverBack } from '../../checks/never-back.ts'
import type { AccountCommand } from './account-agent.ts'

/** What clients have asked for and have not heard the end of. */
export type OpenCommand = { readonly node: string; readonly account: string; readonly command: AccountCommand }

/** What those outside of all machines know: it is in no process and dies with none. */
export class Observers {
  readonly checks: CheckBook
  readonly acknowledged: DurableAcknowledged = new DurableAcknowledged()
  readonly deadlines: DeadlinesKept = new DeadlinesKept()
  readonly shown: NeverBack = new NeverBack()
  readonly once: AtMostOnce = new AtMostOnce()
  /** Commands that some client still repeats. */
  readonly open = new Map<string, OpenCommand>()
  /** Commands that were acknowledged. */
  done = 0

  constructor(checks: CheckBook) {
    this.checks = checks
  }
}
