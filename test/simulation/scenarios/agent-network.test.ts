import { expect, it } from 'vitest'
import { runScenario } from '../../../src/simulation/run/run-scenario.ts'
import { agentNetwork } from '../../../src/simulation/scenarios/agent-network.ts'
import { DelegationBook } from '../../../src/simulation/scenarios/agent-network/delegation-book.ts'
import { drawShape } from '../../../src/simulation/scenarios/agent-network/network-shape.ts'
import { SupervisionWatch } from '../../../src/simulation/scenarios/agent-network/supervision-watch.ts'
import { CheckBook } from '../../../src/simulation/checks/check-book.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'

const CHECKERS = [
  'convergence',
  'delegation-answered',
  'delegation-once',
  'failures-answered',
  'fifo-per-sender-pair',
  'no-orphans',
  'nothing-lost',
  'restart-intensity',
  'timers-kept',
]

it('hands every task down and up again, with misbehavers and failures, and every checker looks', async () => {
  const options = { agents: 400, steps: 40, failing: 0.002, misbehaving: 0.05 }
  const report = await runScenario(agentNetwork, { seed: 3, options })
  expect(report.violations).toEqual([])
  expect(Object.keys(report.checks)).toEqual(CHECKERS)
  expect(report.agents).toBeGreaterThan(400)
  expect(report.handled.actors).toBeGreaterThan(400 * 40)
  expect(report.events).toBeGreaterThan(report.handled.actors)
  const { tasks, failures, restarts, wrong, timedOut, helpers } = report.metrics as Record<string, number>
  expect(tasks).toBe(5 * 20)
  for (const count of [failures, restarts, wrong, timedOut, helpers]) expect(count).toBeGreaterThan(0)
})

it('without misbehavers and failures every part of every task is done', async () => {
  const options = { agents: 170, steps: 20, failing: 0, misbehaving: 0 }
  const { metrics, violations } = await runScenario(agentNetwork, { seed: 4, options })
  expect(violations).toEqual([])
  expect(metrics).toMatchObject({ tasks: 20, partsDone: 1_700, partsMissing: 0, timedOut: 0, late: 0, deadLetters: 0 })
})

it('teams that fail too often end, and nobody waits for them', async () => {
  const options = { agents: 170, steps: 200, failing: 0.4, misbehaving: 0 }
  const { metrics, violations } = await runScenario(agentNetwork, { seed: 5, options })
  expect(violations).toEqual([])
  const { failedTeams, lostTeams } = metrics as Record<string, number>
  expect(failedTeams).toBeGreaterThan(2)
  expect(lostTeams).toBe(2)
})

it('a client that starts again goes on with the next task', async () => {
  const options = { agents: 425, steps: 20, failing: 0.05 }
  for (const seed of [3, 4]) expect((await runScenario(agentNetwork, { seed, options })).violations).toEqual([])
})

it('a seed is a run', async () => {
  const options = { agents: 100, steps: 20, failing: 0.002 }
  const hashes = await Promise.all(
    [6, 6, 7].map(async (seed) => (await runScenario(agentNetwork, { seed, options })).hash),
  )
  expect(hashes[1]).toBe(hashes[0])
  expect(hashes[2]).not.toBe(hashes[0])
})

it('trees are full but the last one, and every size is what is below', () => {
  const places = drawShape(createRandomStream(1), { agents: 200, misbehaving: 0.5, slow: 0.5 })
  expect(places.length).toBe(200)
  expect(places.filter(({ parent }) => parent === undefined).map(({ size }) => size)).toEqual([85, 85, 30])
  for (const { size, children, height } of places) {
    expect(size).toBe(1 + children.reduce((sum, child) => sum + (places[child]?.size ?? 0), 0))
    expect(height).toBe(children.reduce((high, child) => Math.max(high, 1 + (places[child]?.height ?? 0)), 0))
  }
})

function foundBy(tell: (checks: CheckBook) => void): readonly string[] {
  const checks = new CheckBook(() => ({ atMs: 0, event: 0 }))
  tell(checks)
  return checks.violations.map(({ checker }) => checker)
}

it('the book sees a gap, and an answer that is missed where nobody misbehaves', () => {
  const book = new DelegationBook(86)
  book.trouble(1)
  book.hear(1, false, book.send(1, false))
  book.send(1, false)
  book.hear(1, false, book.send(1, false))
  for (const place of [0, 85]) {
    book.handedOver(place, 1)
    book.timedOut(place)
    book.late(place)
  }
  expect(foundBy((checks) => book.tell(checks))).toEqual(['fifo-per-sender-pair', 'nothing-lost', 'nothing-lost'])
})

it('the book sees two tasks at once, an answer to nothing, and messages out of their order', () => {
  const book = new DelegationBook(3)
  book.trouble(0)
  book.handedOver(1, 7)
  book.answered(1, 7)
  book.hear(1, true, book.send(1, true))
  expect(foundBy((checks) => book.tell(checks))).toEqual([])
  book.answered(1, 7)
  book.handedOver(2, 1)
  book.handedOver(2, 2)
  book.timedOut(1)
  book.hear(1, true, 1)
  expect(foundBy((checks) => book.tell(checks))).toEqual([
    ...Array.from({ length: 3 }, () => 'delegation-once'),
    'fifo-per-sender-pair',
  ])
})

it('the watch sees a team that goes on too long, and one that is ended too early', () => {
  const seen = (failures: number, isEnded: boolean): readonly string[] => {
    const limit = { restarts: 2, withinMs: 100 }
    const watch = new SupervisionWatch({ agents: limit, teams: limit }, () => 0)
    const about = { address: 'x', error: new Error('x') }
    for (let at = 0; at < failures; at += 1) watch.see({ type: 'actor-failed', id: 'team-1/a', ...about })
    if (isEnded) watch.see({ type: 'restart-intensity-exceeded', id: 'team-1/a', ...about })
    return foundBy((checks) => watch.tell(checks))
  }
  expect([seen(2, false), seen(3, true), seen(3, false), seen(2, true)]).toEqual([
    [],
    [],
    ['restart-intensity'],
    ['restart-intensity'],
  ])
})
