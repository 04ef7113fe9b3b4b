import { defineAgent, type AgentDefinition, type ReplyTarget } from 'kernell-os/actors'
import { parseHash, type Governor, type Hash, type ParameterChange } from 'kernell-os/market'
import { fromPromise } from 'xstate'
import { checkMethods, objectOf } from '../agent-input.ts'
import { readText, readWhole } from '../read-fields.ts'
import { createRequestDesk, type DeskEvent } from '../request-desk/request-desk.ts'
import {
  invalid,
  type CancelRequest,
  type DeskLimits,
  type JobInput,
  type JobOutput,
} from '../request-desk/protocol.ts'

/**
 * What a governor actor is spawned with. Without the methods of a `Governor` in it `spawn` throws
 * `ACTOR_START_FAILED`.
 */
export type GovernorInput = DeskLimits & {
  /** Signs what it says, and keeps it before it counts. */
  readonly governor: Pick<Governor, 'propose' | 'vote' | 'execute'>
}

/**
 * A change to propose, or the hash of a proposal to vote for or execute; `timelockMs` counts for the former only, and
 * is 30 days where it is absent. Answered with `Governed`, or with `RequestFailed`.
 */
export type GovernorEvent =
  | {
      readonly type: 'govern'
      readonly id?: string
      /** Proposes a change, or acts on a proposal. */
      readonly proposal:
        | {
            readonly base: Hash
            readonly weights: Hash
            readonly changes: readonly ParameterChange[]
          }
        | Hash
      readonly timelockMs?: number
      /** On a proposal: `vote`, which is for it, where it is absent, or `execute`. */
      readonly act?: 'vote' | 'execute'
      readonly replyTo?: ReplyTarget
    }
  | CancelRequest

/**
 * Answer to `govern` when the notary set has answered: a refusal by the set is an `outcome` here, and no
 * `RequestFailed`.
 */
export type Governed = {
  readonly type: 'governed'
  readonly id: string
  /** Hash of the message that was signed: the name of a proposal. */
  readonly message: Hash
  /** `done`, or the code for which it was refused. */
  readonly outcome: string
}

type Wanted = Parameters<Governor['propose']>[0] | { readonly act: 'vote' | 'execute'; readonly id: Hash }
type Job = JobInput<GovernorInput, Wanted>

const TIMELOCK_MS = 2_592_000_000

const job = fromPromise(async ({ input }: { readonly input: Job }): Promise<JobOutput<Omit<Governed, 'id'>>> => {
  const { request, resources } = input
  const { governor: given } = resources
  const { hash, code } = await actWith(given, request)
  return { kind: 'done', reply: { type: 'governed', message: hash, outcome: code ?? 'done' } }
})

async function actWith(given: GovernorInput['governor'], wanted: Wanted): ReturnType<Governor['propose']> {
  if (!('act' in wanted)) return await given.propose(wanted)
  return wanted.act === 'vote' ? await given.vote(wanted.id, 'for') : await given.execute(wanted.id)
}

/** Proposes changes of the parameters that contracts pin, votes for proposals and executes them; the notary set decides by weights, quorum and timelock. */
export const governor: AgentDefinition = defineAgent({
  name: 'governor',
  logic: createRequestDesk<GovernorInput>({ name: 'governor', verb: 'govern', read: readAct, checkInput, job }),
})

function checkInput(input: GovernorInput): void {
  const { governor: given } = objectOf(input)
  const hint = 'give the agent a `Governor` of `kernell-os/market`'
  checkMethods(given, 'governor', { names: ['propose', 'vote', 'execute'], hint })
}

function readAct(event: DeskEvent): Wanted {
  const given = event['proposal']
  if (typeof given === 'string') {
    const proposal = parseHash(given)
    if (proposal === undefined) throw invalid('proposal is no hash')
    const act = event['act'] ?? 'vote'
    if (act !== 'vote' && act !== 'execute') throw invalid('act is vote or execute')
    return { act, id: proposal }
  }
  const fields = objectOf(given, 'proposal')
  const base = parseHash(readText(fields, 'base', 64))
  const weights = parseHash(readText(fields, 'weights', 64))
  const { changes } = fields
  if (base === undefined || weights === undefined || !Array.isArray(changes)) throw invalid('a proposal names its base')
  const timelockMs = readWhole(event, 'timelockMs', { min: 1, max: Number.MAX_SAFE_INTEGER, absent: TIMELOCK_MS })
  // The notary set and the codec of the message check each change.
  return {
    base,
    weights,
    changes: changes as readonly ParameterChange[],
    timelockMs: timelockMs as never,
  }
}
