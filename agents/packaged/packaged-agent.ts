import type { ActorRef, AgentDefinition, SpawnOptions } from 'kernell-os/actors'
import type { SubTask } from 'kernell-os/core'
import type { AgentTools, Clock, RouteCaller, Router } from 'kernell-os/ports'
import type { PlanGate, TaskGraphs } from 'kernell-os/router'
import type { AgentMemory } from '../memory-use.ts'
import type { HealthSource } from '../monitor/probes.ts'

/** One field of an agent's input, for people and for the reader of the input. */
export type AgentField = {
  readonly name: string
  /** `usd`: dollars as a number or a decimal text. `texts`: a list of texts. `json`: whatever the agent itself reads. */
  readonly kind: 'text' | 'texts' | 'whole' | 'usd' | 'flag' | 'json'
  /** Default false. */
  readonly isRequired?: boolean
  /** One line without a full stop. */
  readonly describe: string
}

/** What an agent runs in: a node has all of it. */
export type AgentSurroundings = {
  readonly actors: {
    spawn(definition: AgentDefinition, options?: SpawnOptions): ActorRef
    readonly environment: { readonly clock: Pick<Clock, 'now'> }
  }
  readonly router: Router
  readonly caller: RouteCaller
  /** Absent: nothing is recalled and nothing kept. */
  readonly memory?: AgentMemory
  /** Unfinished plans of all tenants, of which an agent sees those of its caller; absent: none is kept, and none gone on with. */
  readonly plans?: TaskGraphs<SubTask>
  /** What plans pass before and during their steps; absent: nothing stands there. */
  readonly firewall?: PlanGate
  /** What an agent may call of what it names, `node.agentTools`; absent: it may call nothing, and is refused when it asks. */
  readonly agentTools?: (init: { readonly agent: string; readonly tools: readonly string[] }) => AgentTools
  readonly node: HealthSource
}

/** A progress event as the agent emitted it. */
export type AgentProgress = { readonly type: string; readonly [detail: string]: unknown }

/** What `PackagedAgent.run` takes for one run: the surroundings of the agent, and what is asked of it. */
export type AgentRunInit = AgentSurroundings & {
  /** The input as JSON gives it. */
  readonly input: unknown
  /** Ends the work: the agent is stopped, and with it the calls that are under way. */
  readonly signal: AbortSignal
  readonly onProgress?: (event: AgentProgress) => void
}

/** What an agent has done: a document of plain JSON, in which amounts are decimal texts of nano-dollars, and its gist for people. */
export type AgentResult = {
  readonly document: object
  readonly text: string
  /** True when a part of the work failed; the document says so under the same name. */
  readonly hasFailures: boolean
}

/** An agent of the package, with what it takes to run it once. */
export type PackagedAgent = {
  readonly name: string
  /** One line without a full stop. */
  readonly summary: string
  readonly fields: readonly AgentField[]
  readonly definition: AgentDefinition
  /** It recalls what earlier requests led to and keeps what this one leads to, where it is given a memory. Default false. */
  readonly usesMemory?: boolean
  /** It keeps what it is at, and goes on with what an earlier run has left, where it is given plans. Default false. */
  readonly keepsPlans?: boolean
  /** Its models may call tools that its input names, where it is given a way to them and a firewall. Default false. */
  readonly callsTools?: boolean
  /**
   * Spawns the agent, gives it the input and stops it when it has answered.
   *
   * Throws `REQUEST_INVALID` for an input that does not fit, what the agent passes on, the signal's reason when aborted.
   */
  run(init: AgentRunInit): Promise<AgentResult>
}
