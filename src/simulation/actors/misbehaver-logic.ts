import {
  type ActorSystem,
  type AnyActorRef,
  type AnyEventObject,
  fromTransition,
  type TransitionActorLogic,
} from 'xstate'
import { createRandomStream, type RandomStream } from '../../base/random-stream.ts'

/** How somebody misbehaves: shares of the messages that pass, 0 to 1 each. At most one of them befalls a message, so together they are at most 1. */
export type Conduct = {
  /** Messages that are not passed on. */
  readonly drop: number
  /** Messages that are passed on twice. */
  readonly duplicate: number
  /** Messages that are passed on with another content. */
  readonly lie: number
  /** Messages that are passed on late, and so behind later ones. */
  readonly delay: number
  /** How late, milliseconds, drawn evenly up to this. Default 1,000. */
  readonly delayMsMax?: number
}

/** Somebody who takes events. */
export type Receiver = { send(event: AnyEventObject): unknown }

/**
 * What a misbehaver is spawned with. When it starts, a target that takes no events is a TypeError, and a seed, shares or a delay out of
 * range are a RangeError.
 */
export type MisbehaverInput = {
  /** Who should get what is sent to it. */
  readonly target: Receiver
  readonly conduct: Conduct
  /** A whole number from 0 to 2^32 - 1: the same seed and the same messages give the same conduct. */
  readonly seed: number
  /** What a lie makes of an event. Default: numbers in it are one higher, truths are turned round, texts get a mark. */
  readonly lieOf?: (event: AnyEventObject) => AnyEventObject
}

/** What a misbehaver has done so far: each message counts once, when it arrives, under what became of it. */
export type MisbehaverContext = {
  readonly input: MisbehaverInput
  readonly random: RandomStream
  readonly passed: number
  readonly dropped: number
  readonly duplicated: number
  readonly lied: number
  readonly delayed: number
}

/** Its own way to remember a message for later. */
export const LATE = 'misbehaver.late'

const DELAY_MS_DEFAULT = 1_000

/** A system as logic is given it. */
export type LogicSystem = ActorSystem<{ actors: Record<string, AnyActorRef> }>

/** Logic of an actor that stands before another one, whatever events that one takes; `createMisbehaverLogic` makes it. */
export type MisbehaverLogic = TransitionActorLogic<MisbehaverContext, AnyEventObject, MisbehaverInput>

/** Stands in front of another actor and passes on what it is sent: sometimes not, twice, changed, or late. */
export function createMisbehaverLogic(): MisbehaverLogic {
  return fromTransition<MisbehaverContext, AnyEventObject, LogicSystem, MisbehaverInput>(
    (context, event, { self, system }) => {
      const { input } = context
      if (event.type === LATE) {
        input.target.send(event['event'] as AnyEventObject)
        return context
      }
      // As many draws for each message, whatever comes of it.
      const [what, howLate] = [context.random.nextUnit(), context.random.nextUnit()]
      const act = actOf(input.conduct, what)
      if (act === 'lied') input.target.send((input.lieOf ?? changed)(event))
      else if (act === 'delayed') {
        const delayMs = howLate * (input.conduct.delayMsMax ?? DELAY_MS_DEFAULT)
        const late: AnyEventObject = { type: LATE, event }
        system.scheduler.schedule(self, self, late, delayMs, undefined)
      } else if (act !== 'dropped') {
        input.target.send(event)
        if (act === 'duplicated') input.target.send(event)
      }
      return { ...context, [act]: context[act] + 1 }
    },
    ({ input }) => ({
      input: checked(input),
      random: createRandomStream(input.seed),
      passed: 0,
      dropped: 0,
      duplicated: 0,
      lied: 0,
      delayed: 0,
    }),
  )
}

function actOf(
  { drop, duplicate, lie, delay }: Conduct,
  draw: number,
): 'dropped' | 'duplicated' | 'lied' | 'delayed' | 'passed' {
  if (draw < drop) return 'dropped'
  if (draw < drop + duplicate) return 'duplicated'
  if (draw < drop + duplicate + lie) return 'lied'
  return draw < drop + duplicate + lie + delay ? 'delayed' : 'passed'
}

/** The type stays: a lie is about content. */
function changed(event: AnyEventObject): AnyEventObject {
  const lie: Record<string, unknown> = { ...event }
  for (const [name, value] of Object.entries(event)) {
    if (name === 'type') continue
    if (typeof value === 'number') lie[name] = value + 1
    else if (typeof value === 'boolean') lie[name] = !value
    else if (typeof value === 'string') lie[name] = `${value}?`
  }
  return lie as AnyEventObject
}

function checked(input: MisbehaverInput): MisbehaverInput {
  const { target, conduct, seed } = input
  if (typeof target?.send !== 'function') throw new TypeError('A misbehaver needs a target that takes events')
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new RangeError(`seed is a whole number from 0 to 4294967295, not ${seed}`)
  const { drop, duplicate, lie, delay, delayMsMax = DELAY_MS_DEFAULT } = conduct
  const shares = [drop, duplicate, lie, delay]
  if (!shares.every((share) => share >= 0) || !(drop + duplicate + lie + delay <= 1))
    throw new RangeError(`Shares of a conduct are 0 or more and at most 1 together, not ${shares.join(', ')}`)
  if (!(delayMsMax >= 0 && Number.isFinite(delayMsMax)))
    throw new RangeError(`delayMsMax is 0 or more, not ${delayMsMax}`)
  return input
}
