import type { Amount } from 'kernell-os/core'
import type { AgentMemory } from '../memory-use.ts'
import type { Routing } from '../model-calls/model-call.ts'
import type { Purse } from '../model-calls/purse.ts'
import type { ToolRights, ToolUse } from '../model-calls/tool-use.ts'
import type { Notes } from '../notes.ts'
import type { InformedInput } from '../remembering-job.ts'
import type { DeskLimits } from '../request-desk/protocol.ts'
import type { Conversation } from './conversation.ts'
import type { Found } from './findings.ts'
import type { Source } from './prompts.ts'

/** What a researcher is spawned with. A bound out of its range makes `spawn` throw `ACTOR_START_FAILED`. */
export type ResearcherInput = Routing &
  ToolRights &
  DeskLimits & {
    /** What earlier requests found out is recalled from here, and what this one finds is kept. Absent: neither. */
    readonly memory?: AgentMemory
    /** Questions of one request that are asked at once. Default 4. */
    readonly parallelMax?: number
  }

export type ResearchRequest = {
  readonly question: string
  readonly conversation: Conversation | undefined
  readonly sources: readonly Source[]
  readonly questionsMax: number
  readonly maxCostNanos: Amount | undefined
}

/** What a request has come to so far. */
export type Research = InformedInput<ResearcherInput, ResearchRequest> & {
  readonly questions: readonly string[]
  /** Questions that were asked. */
  readonly askedCount: number
  readonly found: Found
  /** What was found so far, as far as there is room for it. */
  readonly notes: Notes
  /** The conversation so far. */
  readonly conversation: string
  readonly answer: string | undefined
  /** Why the firewall lets no tools be called for it. */
  readonly refusal: unknown
  readonly isAccepted: boolean
  /** Tools that whoever answers a part may call. */
  readonly use: ToolUse | undefined
  readonly purse: Purse
}
