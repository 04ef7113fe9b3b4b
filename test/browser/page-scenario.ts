import type { z as zod } from 'zod'
import type * as simulationDoor from '../../dist/src/simulation/index.js'
import type { Scenario } from '../../dist/src/simulation/index.js'

/** What a scenario file imports; pages and Node hand it in. */
export type ScenarioModules = { readonly simulation: typeof simulationDoor; readonly z: typeof zod }

/** Two machines with books on their disks, whose power fails, and letters between them over a bad network. */
export function createLetters({ simulation, z }: ScenarioModules): Scenario<{ readonly steps: number }> {
  return simulation.defineScenario({
    name: 'letters',
    summary: 'letters over a network that loses and doubles them, kept in books whose power fails',
    schema: z.strictObject({ steps: z.int().min(1).default(50) }),
    async open(stage, { steps }) {
      const { network } = stage
      let answered = 0
      const machines = ['left', 'right'].map((name, place) => {
        const did = (each: string): Parameters<typeof network.cut>[0] =>
          `did:key:${each}` as Parameters<typeof network.cut>[0]
        return stage.createMachine({
          name,
          async boot(owner, { disk }) {
            const files = disk.fileSystem(owner)
            await files.makeDirectory('desk')
            const mode = (await files.exists('desk/book')) ? 'append' : 'create'
            const book = await files.open('desk/book', { mode })
            await files.syncDirectory('desk')
            const transport = network.createTransport(owner, { did: did(name), name })
            await transport.start()
            transport.handle('/letters/1.0.0', async ({ body }) => {
              await book.append(body)
              await book.sync()
              return body
            })
            const other = place === 0 ? 'right' : 'left'
            const send = async (): Promise<void> => {
              if (machines[1 - place]?.isUp === true) {
                transport.addPeer(did(other), `/sim/${other}`)
                const body = owner.random.bytes(8)
                const question = { protocol: '/letters/1.0.0', body, timeoutMs: 200 }
                const answer = await transport.request(did(other), question).catch(() => undefined)
                if (answer !== undefined) answered += 1
              }
              if (answered < steps) owner.timers.schedule(100, () => void send())
            }
            owner.timers.schedule(100, () => void send())
            return { stop: async () => await book.close() }
          },
        })
      })
      await Promise.all(machines.map(async (machine) => await machine.start()))
      network.setUsual({ ...simulation.GOOD_LINK, latencyMsMax: 20, loss: 0.1, duplication: 0.1 })
      stage.agents = 2
      const untilMs = steps * 100
      return {
        playMs: untilMs,
        convergeMs: 60_000,
        plan: simulation.drawFaults(stage.random('faults'), {
          kinds: ['power-cut', 'process-death'],
          targetsOf: () => ['left', 'right'],
          count: 6,
          untilMs,
        }),
        inject({ kind, target }) {
          const machine = machines.find(({ name }) => name === target)
          if (kind === 'power-cut') machine?.cutPower()
          else machine?.kill()
          machine?.restartIn(300)
          stage.countFault(kind)
        },
        isSettled: () => answered >= steps,
        finish: async () => await Promise.resolve({ metrics: { answered }, state: { answered } }),
      }
    },
  })
}
