import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { enqueueActions, setup } from 'xstate'
import { checkMethods, checkText, listOf, objectOf } from '../agent-input.ts'
import { endOfChild } from '../child-end.ts'
import { checkWhole } from '../request-desk/protocol.ts'
import { tell } from '../tell.ts'
import { probeWork, type Probe } from './probe-work.ts'
import {
  beginVigil,
  endRound,
  type Alarm,
  type ProbeReport,
  type Sighting,
  type Vigil,
  type VigilLimits,
} from './vigil.ts'

export type { Probe } from './probe-work.ts'
export type { Alarm, ProbeReport, Sighting } from './vigil.ts'

/**
 * What a monitor is spawned with. No probe at all, two of one name, or a bound out of its range make `spawn` throw
 * `ACTOR_START_FAILED`.
 */
export type MonitorInput = VigilLimits & {
  /** 1 to 1,000, with different names. */
  readonly probes: readonly Probe[]
  /** From the end of a round to the next one. Default 30,000 ms. */
  readonly everyMs?: number
  /** Longest that one probe may take; then it counts as unwell. Default 5,000 ms. */
  readonly timeoutMs?: number
  /** Ends after so many rounds. Default: never. */
  readonly roundsMax?: number
}

/** Questions to a monitor; it looks by itself, and needs none to go on. */
export type MonitorEvent =
  /** Answered with `status` at once. */
  | { readonly type: 'status'; readonly replyTo?: ReplyTarget }
  /** Begins a round now; answered with `status` when a round that began after it is over. */
  | { readonly type: 'check'; readonly replyTo?: ReplyTarget }

/** Answer to `status` and `check`: how things stood at the end of the latest round. */
export type MonitorStatus = { readonly type: 'status' } & MonitorOutput

/**
 * What was seen so far, probes in the order of the input. It is the actor's output too, where `roundsMax` ends it.
 */
export type MonitorOutput = {
  readonly rounds: number
  /** Names of the probes that are alarmed. */
  readonly alarms: readonly string[]
  readonly probes: readonly ProbeReport[]
}

/**
 * What a monitor emits when a round is over: first its alarms, then `round-done`, whose `round` counts from 1 and
 * whose `unwell` also names probes that are not alarmed (yet).
 */
export type MonitorEmitted =
  | Alarm
  | { readonly type: 'round-done'; readonly round: number; readonly unwell: readonly string[] }

type Context = {
  readonly input: MonitorInput
  readonly vigil: Vigil
  readonly sightings: ReadonlyMap<string, Sighting>
  /** Who asked for a round and waits for its end; those of the next round came too late for the present one. */
  readonly askers: readonly ReplyTarget[]
  readonly nextAskers: readonly ReplyTarget[]
}

type Inside = {
  readonly type: string
  readonly actorId?: string
  readonly replyTo?: ReplyTarget
}

const EVERY_MS_DEFAULT = 30_000
const TIMEOUT_MS_DEFAULT = 5_000
const ASKERS_MAX = 1_000

const machine = setup({
  types: {
    context: {} as Context,
    input: {} as MonitorInput,
    events: {} as Inside,
    emitted: {} as MonitorEmitted,
    output: {} as MonitorOutput,
  },
  actors: { probeWork },
  actions: {
    startProbes: enqueueActions(({ context, enqueue }) => {
      const { probes, timeoutMs = TIMEOUT_MS_DEFAULT } = context.input
      enqueue.assign({ sightings: new Map(), askers: context.nextAskers, nextAskers: [] })
      for (const [index, probe] of probes.entries())
        enqueue.spawnChild('probeWork', { id: `probe-${index}`, input: { probe, timeoutMs } })
    }),
    takeSighting: enqueueActions(({ context, event, self, enqueue }) => {
      const { actorId = '' } = event
      const end = endOfChild(self, event)
      if (end === undefined) return
      const probe = context.input.probes[Number(actorId.slice('probe-'.length))]
      enqueue.stopChild(actorId)
      if (probe === undefined) return
      // The output of `probeWork` is a `Sighting`; what a probe of somebody else returned may be anything.
      const sighting = readSighting(end.kind === 'done' ? end.output : undefined)
      enqueue.assign({ sightings: new Map(context.sightings).set(probe.name, sighting) })
    }),
    endRound: enqueueActions(({ context, enqueue }) => {
      const { vigil, alarms } = endRound(context.vigil, context.sightings)
      enqueue.assign({ vigil, askers: [] })
      for (const alarm of alarms) enqueue.emit(alarm)
      const unwell = [...vigil.probes.values()].filter(({ state }) => state === 'unwell').map(({ name }) => name)
      enqueue.emit({ type: 'round-done', round: vigil.rounds, unwell })
      const status: MonitorStatus = { type: 'status', ...outputOf(vigil) }
      for (const asker of context.askers) enqueue(({ system }) => tell(asker, status, system))
    }),
    keepAsker: enqueueActions(({ context, event: { replyTo }, enqueue }) => {
      if (replyTo === undefined || context.nextAskers.length >= ASKERS_MAX) return
      enqueue.assign({ nextAskers: [...context.nextAskers, replyTo] })
    }),
    tellStatus: ({ context, event, system }) => {
      const status: MonitorStatus = { type: 'status', ...outputOf(context.vigil) }
      tell(event.replyTo, status, system)
    },
  },
  guards: {
    isRoundOver: ({ context }) => context.sightings.size >= context.input.probes.length,
    isLastRound: ({ context }) => context.vigil.rounds >= (context.input.roundsMax ?? Number.POSITIVE_INFINITY),
    isAskedFor: ({ context }) => context.nextAskers.length > 0,
  },
  delays: { rest: ({ context }) => context.input.everyMs ?? EVERY_MS_DEFAULT },
}).createMachine({
  id: 'monitor',
  context: ({ input }) => open(input),
  on: { status: { actions: 'tellStatus' } },
  initial: 'checking',
  states: {
    checking: {
      entry: 'startProbes',
      on: {
        'xstate.done.actor.*': { actions: 'takeSighting' },
        'xstate.error.actor.*': { actions: 'takeSighting' },
        check: { actions: 'keepAsker' },
      },
      always: { guard: 'isRoundOver', target: 'deciding', actions: 'endRound' },
    },
    deciding: {
      always: [
        { guard: 'isLastRound', target: 'ended' },
        { guard: 'isAskedFor', target: 'checking' },
        { target: 'resting' },
      ],
    },
    resting: {
      after: { rest: 'checking' },
      on: { check: { target: 'checking', actions: 'keepAsker' } },
    },
    ended: { type: 'final' },
  },
  output: ({ context }) => outputOf(context.vigil),
})

/** Looks at things again and again, and says when one of them stays unwell, and when it is well again. */
export const monitor: AgentDefinition = defineAgent({ name: 'monitor', logic: machine })

function open(input: MonitorInput): Context {
  checkProbes(objectOf(input)['probes'])
  const { probes, everyMs, timeoutMs, failuresToAlarm, successesToClear, roundsMax } = input
  const names = probes.map(({ name }) => name)
  if (names.length < 1 || names.length > 1_000 || new Set(names).size !== names.length)
    throw new RangeError('A monitor has 1 to 1,000 probes with different names')
  for (const [name, ms] of Object.entries({ everyMs, timeoutMs }))
    if (ms !== undefined && !(Number.isFinite(ms) && ms > 0))
      throw new RangeError(`${name} ${ms} is not a number above 0`)
  checkWhole('failuresToAlarm', failuresToAlarm, { min: 1 })
  checkWhole('successesToClear', successesToClear, { min: 1 })
  checkWhole('roundsMax', roundsMax, { min: 1 })
  return { input, vigil: beginVigil(names, input), sightings: new Map(), askers: [], nextAskers: [] }
}

function checkProbes(probes: unknown): void {
  for (const [index, probe] of listOf(probes, 'probes').entries()) {
    const where = `probes[${index}]`
    checkText(objectOf(probe, where)['name'], `${where}.name`)
    const hint = 'it looks once and says {isWell, detail}'
    checkMethods(probe, `${where}.check: the probe`, { names: ['check'], hint })
  }
}

function readSighting(output: unknown): Sighting {
  const { isWell, detail } = (output ?? {}) as Partial<Record<keyof Sighting, unknown>>
  if (typeof isWell !== 'boolean') return { isWell: false, detail: 'the probe did not say whether it is well' }
  return { isWell, detail: typeof detail === 'string' ? detail : '' }
}

function outputOf({ rounds, probes }: Vigil): MonitorOutput {
  const reports = [...probes.values()]
  return { rounds, alarms: reports.filter(({ isAlarmed }) => isAlarmed).map(({ name }) => name), probes: reports }
}
