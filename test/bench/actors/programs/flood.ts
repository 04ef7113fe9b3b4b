import { fromTransition } from 'xstate'
import { percentile } from '../../bench.ts'
import type { Host, System, Target } from './host.ts'
import { type Figures, nextTurn } from './program.ts'

type Drop = { readonly type: 'drop' }
type Probe = { readonly type: 'probe'; readonly dueMs: number }

/** Messages that are always waiting for the flooded actor. */
const WAITING = 10_000
const OTHERS = 100
const EVERY_MS = 1
/** Messages between two looks at the clock. */
const CLOCK_EVERY = 64

/**
 * One actor answers each message by sending itself another, so that 10,000 always wait for it; meanwhile a message is due every millisecond for
 * one of a hundred others. The delay runs from the moment that it is due, so a blocked event loop counts too.
 */
export async function measureFlood(host: Host, probes: number): Promise<Figures> {
  const delaysMs: number[] = []
  const startMs = performance.now()
  const untilMs = startMs + probes * EVERY_MS
  let drops = 0
  let isOver = false
  const victim = host.define(
    'victim',
    fromTransition<number, Drop, System, { index: number }>((handled, event, { self }) => {
      if (event.type !== 'drop') return handled
      drops += 1
      if (drops % CLOCK_EVERY === 0) isOver = performance.now() >= untilMs
      if (!isOver) self.send(event)
      return handled + 1
    }, 0),
  )
  const other = host.define(
    'other',
    fromTransition<number, Probe, System, { index: number }>((handled, event) => {
      if (event.type !== 'probe') return handled
      delaysMs.push(performance.now() - event.dueMs)
      return handled + 1
    }, 0),
  )
  const others = Array.from({ length: OTHERS }, (_, index) =>
    host.spawn(other, { id: `other-${index}`, input: { index } }),
  )
  const probing = sendProbes({ targets: others, probes, startMs })
  const flooded = host.spawn(victim, { id: 'victim', input: { index: 0 } })
  for (let index = 0; index < WAITING; index += 1) flooded.send({ type: 'drop' })
  await probing
  while (delaysMs.length < probes) await nextTurn()
  return describeDelays(delaysMs, drops)
}

type Probing = { readonly targets: readonly Target<Probe>[]; readonly probes: number; readonly startMs: number }

/** Whatever is due is sent at each turn of a timer. */
export async function sendProbes({ targets, probes, startMs }: Probing): Promise<void> {
  for (let sent = 0; sent < probes;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    const due = Math.min(probes, Math.floor((performance.now() - startMs) / EVERY_MS))
    for (; sent < due; sent += 1) {
      targets[sent % targets.length]?.send({ type: 'probe', dueMs: startMs + (sent + 1) * EVERY_MS })
    }
  }
}

export function describeDelays(delaysMs: readonly number[], drops: number): Figures {
  const ascending = Float64Array.from(delaysMs).toSorted()
  return { count: ascending.length, p50: percentile(ascending, 0.5), p99: percentile(ascending, 0.99), drops }
}
