import type { ActorSystem } from 'kernell-os/actors'
import type { Probe } from './probe-work.ts'

/**
 * What `answerProbe` takes. The actor is asked anew in each round; an event that it never answers makes the probe
 * unwell when the monitor's `timeoutMs` is over.
 */
export type AnswerProbeInit = {
  readonly system: Pick<ActorSystem, 'get'>
  /** The actor's id; one that is not there is unwell, and is not asked. */
  readonly id: string
  /** What it is asked; an answer of type `failed` is unwell. */
  readonly event: { readonly type: string }
}

/** Whether an actor answers. */
export function answerProbe({ system, id, event }: AnswerProbeInit): Probe {
  return {
    name: `answer of ${id}`,
    check: async ({ signal }) => {
      const ref = system.get(id)
      if (ref === undefined) return { isWell: false, detail: 'no such actor' }
      const { type } = await ref.ask(event, { signal, timeoutMs: ANSWER_MS_MAX })
      return { isWell: type !== 'failed', detail: `answered ${type}` }
    },
  }
}

/** The monitor's own limit is shorter, and ends the wait by the signal. */
const ANSWER_MS_MAX = 3_600_000

/** Whether an actor of a system is alive, without sending it anything. */
export function livenessProbe(id: string, system: Pick<ActorSystem, 'get'>): Probe {
  return {
    name: `actor ${id}`,
    check: () => {
      const status = system.get(id)?.getSnapshot().status
      return { isWell: status === 'active', detail: status === undefined ? 'no such actor' : `status ${status}` }
    },
  }
}

/** Whether messages get lost: unwell when more became dead letters since the last look than `newMax`. */
export function deadLetterProbe(system: Pick<ActorSystem, 'deadLetters'>, newMax = 0): Probe {
  let seen = system.deadLetters.count
  return {
    name: 'dead letters',
    check: () => {
      const fresh = system.deadLetters.count - seen
      seen += fresh
      return { isWell: fresh <= newMax, detail: `${fresh} new dead letters` }
    },
  }
}

/** The part of a node that its health is read from. */
export type HealthSource = {
  health(): {
    readonly checks: readonly {
      readonly name: string
      readonly state: 'ok' | 'warning' | 'failed'
      readonly detail: string
    }[]
  }
}

/** One probe per check of a node's health; a warning is well, and says so. */
export function healthProbes(node: HealthSource): readonly Probe[] {
  return node.health().checks.map(({ name }) => ({
    name,
    check: () => {
      const check = node.health().checks.find((each) => each.name === name)
      if (check === undefined) return { isWell: false, detail: 'the node does not say any more' }
      return { isWell: check.state !== 'failed', detail: check.detail }
    },
  }))
}
