import { decisionDocument } from '../node/decision-document.ts'
import type { KernellNode } from '../node/kernell-node.ts'
import type { RouteResult } from '../ports/router.ts'
import type { Flags } from './flags.ts'
import { formatExplanation, reasonsOf } from './format-explanation.ts'
import { resultDocument, type ResultDocument } from './format-result.ts'
import { requestMaker } from './route-flags.ts'

/** What tables and sums need of a finished task. */
export type TaskFigures = Pick<
  RouteResult,
  | 'tier'
  | 'modelId'
  | 'costNanos'
  | 'premiumCostNanos'
  | 'isCostEstimated'
  | 'latencyMs'
  | 'cache'
  | 'verification'
  | 'attempts'
>

/** A finished task, whoever ran it: a node in this process, or one that serves from the data directory. */
export type TaskAnswer = {
  readonly text: string
  readonly figures: TaskFigures
  readonly document: ResultDocument
  /** Why it went where it went, one sentence each. */
  readonly reasons: readonly string[]
  /** The same for `--explain`, as wide as the terminal. */
  explain(width: number): string
}

/** Runs one task. Throws as the router does. */
export type TaskRunner = (prompt: string, signal: AbortSignal) => Promise<TaskAnswer>

/** Runs tasks on a node of this process. Throws `COMMAND_INVALID` for flags that cannot be read. */
export function createLocalRunner(node: KernellNode, flags: Flags): TaskRunner {
  const makeRequest = requestMaker(flags, node)
  return async (prompt, signal) => {
    const result = await node.router.route(makeRequest(prompt), { signal })
    const decision = decisionDocument(result.decision, node.config.peers)
    return {
      text: result.answer.text,
      figures: result,
      document: resultDocument(result, node.config.peers),
      reasons: [
        ...reasonsOf(decision),
        ...(result.notSplitBecause === undefined ? [] : [`not split: ${result.notSplitBecause}`]),
      ],
      explain: (width) => formatExplanation(decision, width),
    }
  }
}
