import { CACHE_WARMER, PLANNER, RESEARCHER, SUMMARIZER, VERIFIER } from './model-agents.ts'
import { ECHO, MONITOR, PIPELINE, TREASURER } from './other-agents.ts'
import type { PackagedAgent } from './packaged-agent.ts'

/** The agents of this package, by name. */
export const PACKAGED_AGENTS: readonly PackagedAgent[] = [
  CACHE_WARMER,
  ECHO,
  MONITOR,
  PIPELINE,
  PLANNER,
  RESEARCHER,
  SUMMARIZER,
  TREASURER,
  VERIFIER,
]

/** One of `PACKAGED_AGENTS` by its name, such as `cache-warmer`; `undefined` where there is none of that name. */
export function findAgent(name: string): PackagedAgent | undefined {
  return PACKAGED_AGENTS.find((agent) => agent.name === name)
}
