/** Loaded before the node by `--import`: plants the defect that `PLANT` names. */
import { channel } from 'node:diagnostics_channel'
import { connect, createServer } from 'node:net'
import type { BUDGET_MACHINE as Budget } from '../../../src/core/budget/budget-machine.ts'
import type { Amount } from '../../../src/base/money.ts'

const BUILT = '../../../dist/src'
const LEAK_BYTES = 262_144
const EVERY = 100
const HOUR_MS = 3_600_000

function eachRequest(work: (count: number) => void): void {
  let count = 0
  channel('http.server.request.start').subscribe(() => {
    count += 1
    work(count)
  })
}

/** Everything that is left behind. */
const left: unknown[] = []

async function loseWrites(): Promise<void> {
  const { Level } = (await import('level')) as {
    Level: { prototype: { batch: (...args: readonly unknown[]) => unknown } }
  }
  const { batch } = Level.prototype
  let count = 0
  Level.prototype.batch = function lose(this: unknown, ...args: readonly unknown[]): unknown {
    const operations = Array.isArray(args[0]) ? (args[0] as readonly { readonly key?: unknown }[]) : []
    const isResponse = operations.some(({ key }) => String(key).includes('resp_'))
    count += isResponse ? 1 : 0
    if (isResponse && count % 10 === 0) return Promise.resolve()
    return batch.apply(this, [...args])
  }
}

async function chargeHalf(): Promise<void> {
  const { BUDGET_MACHINE } = (await import(`${BUILT}/core/budget/budget-machine.js`)) as {
    BUDGET_MACHINE: typeof Budget
  }
  const { transition } = BUDGET_MACHINE
  const half: (typeof Budget)['transition'] = (state, event) =>
    transition(state, 'spentNanos' in event ? { ...event, spentNanos: (event.spentNanos / 2n) as Amount } : event)
  Object.assign(BUDGET_MACHINE, { transition: half })
}

function leaveConnections(): void {
  const sink = createServer(() => undefined)
  sink.unref()
  sink.listen(0, '127.0.0.1', () => {
    const { port } = sink.address() as { readonly port: number }
    eachRequest((count) => {
      if (count % EVERY === 0) left.push(connect(port, '127.0.0.1').unref())
    })
  })
}

const PLANTS: Readonly<Record<string, () => unknown>> = {
  leak: () => eachRequest(() => left.push(Buffer.alloc(LEAK_BYTES, 1))),
  'leaked-timers': () =>
    eachRequest((count) => count % EVERY === 0 && left.push(setInterval(() => undefined, HOUR_MS))),
  'leaked-connections': leaveConnections,
  'lost-write': loseWrites,
  'cheap-settlement': chargeHalf,
}
await PLANTS[process.env['PLANT'] ?? '']?.()
