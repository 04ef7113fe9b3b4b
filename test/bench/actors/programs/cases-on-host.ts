import { chameneos } from './chameneos.ts'
import { measureChain } from './chain.ts'
import { measureFlood } from './flood.ts'
import type { Host } from './host.ts'
import { IDLE_LOGICS, measureIdle } from './idle.ts'
import { forkJoinCreate, skynet, spawnStop } from './lifecycles.ts'
import { FLAT, HIERARCHICAL, HOSTED } from './machines.ts'
import { big, counting, forkJoinThroughput, pingPong, threadRing } from './messages.ts'
import { type Count, type Figures, measureRate, type Program } from './program.ts'
import { type CreateActor, measureSiblings, measureSpawnChild } from './siblings.ts'
import { stepHosted } from './steps.ts'

/** All programs that run on a host of XState logic, by case. */
export function programsOn(createHost: () => Host, createActor: CreateActor): Readonly<Record<string, Program>> {
  const rated =
    (work: (host: Host, size: number) => Promise<Count>): Program =>
    (size) =>
      measureRate(size, async (units) => {
        const host = createHost()
        const count = await work(host, units)
        return { count, close: () => host.close() }
      })
  const once =
    (work: (host: Host, size: number) => Promise<Figures>): Program =>
    async (size) => {
      const host = createHost()
      const figures = await work(host, size)
      await host.close()
      return figures
    }
  const idle =
    (kind: keyof typeof IDLE_LOGICS): Program =>
    (size) =>
      measureIdle(createHost, IDLE_LOGICS[kind], size)
  return {
    'ping-pong': rated(pingPong),
    'thread-ring': rated(threadRing),
    counting: rated(counting),
    'fork-join-create': rated(forkJoinCreate),
    'fork-join-throughput': rated(forkJoinThroughput),
    chameneos: rated(chameneos),
    big: rated(big),
    skynet: rated(skynet),
    'spawn-stop': rated(spawnStop),
    'spawn-siblings': once(measureSiblings),
    'spawn-child': (size) => measureSpawnChild(createActor, size),
    'idle-flat': idle('flat'),
    'idle-transition': idle('transition'),
    'idle-statechart': idle('statechart'),
    'idle-hosted': idle('hosted'),
    'statechart-step': (size) => measureRate(size, (steps) => stepHosted(createHost(), HIERARCHICAL, steps)),
    'hosted-step': (size) => measureRate(size, (steps) => stepHosted(createHost(), HOSTED, steps)),
    'compiled-step': (size) => measureRate(size, (steps) => stepHosted(createHost(), FLAT, steps)),
    'million-hops': once(measureChain),
    'flood-delay': once(measureFlood),
  }
}
