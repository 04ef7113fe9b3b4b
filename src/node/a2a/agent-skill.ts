import type { Message, Part } from '@a2a-js/sdk'
import type { JsonObjectValue } from './plain-json.ts'
import type { RouteCaller, RouteControls } from '../../ports/router.ts'

/** What a skill says on its way. */
export type SkillEvent =
  /** For people who watch; at most a sentence. */
  | { readonly type: 'progress'; readonly text: string }
  /** More text of an artefact, which the first piece begins. */
  | { readonly type: 'text'; readonly artifactId: string; readonly name?: string; readonly text: string }
  /** A whole artefact, or a piece of one. */
  | {
      readonly type: 'artifact'
      readonly artifactId: string
      readonly name?: string
      readonly parts: readonly Part[]
      readonly isAppended?: boolean
      readonly isLast?: boolean
    }

/** How a turn of a task ends. `message` is an answer without a task, and only for who `answersDirectly`. */
export type SkillOutcome =
  | {
      readonly state: 'completed' | 'failed' | 'rejected' | 'input-required' | 'auth-required'
      readonly text?: string
      readonly parts?: readonly Part[]
      readonly metadata?: JsonObjectValue
    }
  | { readonly state: 'message'; readonly parts: readonly Part[] }

/** One message to a skill, and whose it is. */
export type SkillWork = {
  readonly taskId: string
  readonly contextId: string
  readonly message: Message
  /** Earlier messages of the same task, oldest first; empty for a new one. */
  readonly history: readonly Message[]
  /** The questions and answers of earlier tasks of the same context, oldest first. */
  readonly earlier: readonly { readonly question: string; readonly answer: string }[]
  readonly caller: RouteCaller
  readonly controls: RouteControls
  /** Aborted when the task is cancelled, takes too long, or the node stops. */
  readonly signal: AbortSignal
  readonly emit: (event: SkillEvent) => void
}

/** A task that is to be cancelled, whether somebody works on it now or it waits for its sender. */
export type CanceledWork = Pick<SkillWork, 'taskId' | 'history'>

/** Whether a task can be cancelled. `canceled`: it is, whatever `finish` says became of it, which does not throw. `too-late`: it goes on and ends by itself, and nothing has changed. */
export type SkillCancellation =
  | {
      readonly kind: 'canceled'
      readonly finish: () => Promise<{ readonly text: string; readonly metadata: JsonObjectValue }>
    }
  | { readonly kind: 'too-late'; readonly text: string }

/** Something that this node does for other agents. */
export type AgentSkill = {
  /** 1 to 64 characters of `a-z 0-9 -`. */
  readonly id: string
  readonly name: string
  /** What it does and what it takes, for people and for models that choose among skills. */
  readonly description: string
  readonly tags: readonly string[]
  readonly examples?: readonly string[]
  /** Media types besides `text/plain`. */
  readonly inputModes?: readonly string[]
  readonly outputModes?: readonly string[]
  /** Whether a message is answered by a message, without a task. Default: never. */
  readonly answersDirectly?: (message: Message) => boolean
  /** An extension without which nobody can use it. Absent: none. */
  readonly requiredExtension?: string
  /** Asked before a task of it is cancelled. Absent: the signal of its work is all that it takes. */
  readonly cancel?: (work: CanceledWork) => Promise<SkillCancellation>
  /** Throws what keeps it from answering; the task then ends as failed, with the code. */
  run(work: SkillWork): Promise<SkillOutcome>
}
