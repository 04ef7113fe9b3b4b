import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonValue } from '../base/canonical-json.ts'
import { CodedError } from '../base/errors.ts'
import { TERMINAL_STATES } from './contract-document.ts'
import { type Result, resultOf } from './market-artifacts.ts'
import type { MarketControl } from './market-control.ts'
import { ProgressLine } from './market-progress.ts'
import { listOf, membersOf, textOf } from './registered-policies.ts'
import type { Terminal } from './terminal.ts'

export type Waiting = {
  readonly key: string
  readonly wait: string
  readonly signal: AbortSignal
  readonly terminal: Terminal
}
export type Waited = {
  readonly view: JsonValue
  readonly result: Result | undefined
  /** Bidders that were not asked though they came first, and why. */
  readonly passedOver: readonly JsonValue[]
}

const POLL_MS = 200
const STEP_WAIT_MS = 10_000
/** The same where somebody sees how far it is. */
const SEEN_WAIT_MS = 1_000

/** Waits until a contract has reached a state or its end, and says how far it is. Throws `MARKET_REFUSED`, `MARKET_OBJECT_UNKNOWN`. */
export async function waitForPurchase(market: MarketControl, waiting: Waiting): Promise<Waited> {
  const line = new ProgressLine(waiting.terminal)
  try {
    return await waitShowing(market, waiting, line)
  } finally {
    line.finish()
  }
}

async function waitShowing(market: MarketControl, waiting: Waiting, line: ProgressLine): Promise<Waited> {
  const { key, wait, signal, terminal } = waiting
  const { ask } = market
  const waitMs = terminal.hasBars ? SEEN_WAIT_MS : STEP_WAIT_MS
  let afterSeq = -1
  for (;;) {
    const purchase = await ask({ op: 'purchase', key, afterSeq, waitMs })
    line.show(membersOf(purchase)['progress'] ?? null)
    const failed = membersOf(purchase)['failed'] ?? null
    if (failed !== null) throw refused(failed)
    const view = membersOf(purchase)['view'] ?? null
    if (view !== null && (hasReached(view, wait) || isEnded(view)))
      return { view, result: await resultOf(market, view), passedOver: listOf(purchase, 'passedOver') }
    const ended = textOf(purchase, 'ended')
    if (view === null && ended !== '') throw forgotten(key, { contract: textOf(purchase, 'contract'), ended })
    afterSeq = listOf(view, 'transitions').length - 1
    if (view === null) await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** Its time to be kept is over, or the set came back from a backup that was older. */
function forgotten(
  key: string,
  { contract, ended }: { readonly contract: string; readonly ended: string },
): CodedError {
  return new CodedError('MARKET_OBJECT_UNKNOWN', {
    message: `The purchase ${key} came to contract ${contract}, of which the notary set knows nothing any more; this node saw it last as ${ended}`,
    details: {
      contract,
      ended,
      remedy:
        'Nothing of it can be paid any more. To have the work done again, buy it under another --idempotency-key.',
    },
  })
}

function refused(failed: JsonValue): CodedError {
  const [code, reason] = [textOf(failed, 'code'), textOf(failed, 'reason')]
  return new CodedError('MARKET_REFUSED', {
    message: textOf(failed, 'message'),
    details: { code, reason: reason === '' ? null : reason, remedy: textOf(failed, 'remedy') },
  })
}

/** Whether the contract is or was in a state. */
export function hasReached(view: JsonValue, state: string): boolean {
  return textOf(view, 'state') === state || listOf(view, 'transitions').some((step) => textOf(step, 'to') === state)
}

/** Whether nothing happens to it any more. */
export function isEnded(view: JsonValue): boolean {
  return TERMINAL_STATES.some((state) => state === textOf(view, 'state'))
}
