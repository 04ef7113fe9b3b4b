import { rmSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { z } from 'zod'
import { defineScenario } from '../../../../src/simulation/scenario/scenario.ts'

/** Agents that count ticks; whatever can go wrong with a run goes wrong where an option says so. */
const ticking = defineScenario({
  name: 'ticking',
  summary: 'agents that count ticks, and whatever goes wrong when it is told to',
  schema: z.strictObject({
    agents: z.int().min(1).max(1_000).default(3),
    steps: z.int().min(1).max(1_000_000).default(20),
    /** Seeds at which it goes wrong. */
    at: z.array(z.int()).default([]).describe('seeds at which it goes wrong'),
    wrong: z
      .enum([
        'nothing',
        'violation',
        'throw',
        'exit',
        'hang',
        'unequal',
        'rejection',
        'remove',
        'print',
        'promises',
        'small',
        'thread',
      ])
      .default('nothing'),
  }),
  async open(stage, { agents, steps, at, wrong }) {
    const kind = at.includes(stage.world.seed) ? wrong : 'nothing'
    if (kind === 'throw') throw new Error(`seed ${stage.world.seed} throws`)
    if (kind === 'rejection') stage.world.schedule(5, { kind: 'rejection', run: () => void rejected() })
    if (kind === 'remove') rmSync(process.env.TICKING_REMOVES ?? '', { recursive: true, force: true })
    if (kind === 'print') console.log('said by the scenario')
    if (kind === 'exit') process.exit(7)
    if (kind === 'hang' || (kind === 'small' && agents < 3)) for (;;) steps satisfies number
    if (kind === 'promises') stage.world.schedule(5, { kind: 'promises', run: () => void goOn() })
    let ticks = 0
    stage.agents = agents
    const random = stage.random('ticks')
    for (let agent = 0; agent < agents; agent += 1) {
      const owner = stage.world.createProcess(`agent-${agent}`)
      const tick = (left: number): void => {
        ticks += 1
        stage.handled.actors += 1
        if (left > 1) owner.timers.schedule(1 + random.nextUnit() * 10, () => tick(left - 1))
      }
      owner.timers.schedule(1, () => tick(steps))
    }
    return await Promise.resolve({
      playMs: steps * 20,
      convergeMs: 1_000,
      watch: () =>
        stage.checks.check(
          'ticks-are-good',
          kind === 'violation' || kind === 'small' ? `seed ${stage.world.seed} is <b>bad</b>` : undefined,
        ),
      isSettled: () => ticks === agents * steps,
      finish: async () => {
        if (kind === 'unequal') stage.world.note(`${(unequal += 1)}`)
        return await Promise.resolve({
          metrics: {
            ticks,
            lastMs: stage.world.nowMs(),
            nested: { first: random.nextUnit() },
            name: 'ticking',
            ...(wrong === 'thread' && { thread: threadId }),
          },
          state: { ticks },
          series: [
            {
              name: 'ticks',
              unit: 'ticks',
              points: [
                [0, 0],
                [steps, ticks],
              ] as const,
            },
            {
              name: 'half',
              unit: 'ticks',
              points: [
                [0, 0],
                [steps, ticks / 2],
              ] as const,
            },
          ],
        })
      },
    })
  },
})

async function rejected(): Promise<never> {
  return await Promise.reject(new Error('nobody listens'))
}

/** Promises that go on for ever at one instant: nothing else has a turn on their thread. */
async function goOn(): Promise<void> {
  for (;;) await Promise.resolve()
}

/** Two runs of one thread are not the same. */
let unequal = 0

export { ticking as default }
