import { forkJoinCreate, measureChain, measureFlood, measureIdle, skynet, spawnStop } from './nact-lifecycles.ts'
import { big, chameneos, counting, forkJoinThroughput, pingPong, threadRing } from './nact-messages.ts'
import { type Done, measureRate, type Program } from './program.ts'

const rated =
  (work: (size: number) => Promise<Done>): Program =>
  (size) =>
    measureRate(size, work)

export const programs: Readonly<Record<string, Program>> = {
  'ping-pong': rated(pingPong),
  'thread-ring': rated(threadRing),
  counting: rated(counting),
  'fork-join-create': rated(forkJoinCreate),
  'fork-join-throughput': rated(forkJoinThroughput),
  chameneos: rated(chameneos),
  big: rated(big),
  skynet: rated(skynet),
  'spawn-stop': rated(spawnStop),
  'idle-transition': measureIdle,
  'million-hops': measureChain,
  'flood-delay': measureFlood,
}
