/** Tools of other programs, and agents of others, that the models of an agent may call. */
import { addAmounts, CodedError, ZERO_AMOUNT, type Amount } from 'kernell-os/core'
import type { AgentTools, Router, RouteRequest, RouteResult, TaskTools } from 'kernell-os/ports'
import { routeWithTools, type MadeCall, type PlanGate, type PlanPlace } from 'kernell-os/router'
import { checkMethods, objectOf } from '../agent-input.ts'

/** Members of the input of agents whose models may call tools. */
export type ToolRights = {
  /** What may be called, `node.agentTools({ agent, tools })`. Absent: nothing. */
  readonly tools?: AgentTools
  /** Judges each call: `await node.openFirewall()`. There are no tools without it. */
  readonly firewall?: PlanGate
}

/** What the calls of one request have in common. */
export type ToolUse = {
  readonly tools: TaskTools
  readonly firewall: PlanGate
  /** What the questions were made of besides what they say. */
  readonly read?: readonly PlanPlace[]
  /** Told of each call. */
  readonly onCall: (call: MadeCall) => void
}

/** Throws TypeError where tools are given and nothing that judges their calls. */
export function checkTools(input: unknown): void {
  const { tools, firewall } = objectOf(input)
  if (tools === undefined) return
  checkMethods(tools, 'tools', { names: ['openTask'], hint: 'give the agent `node.agentTools({ agent, tools })`' })
  checkMethods(firewall, 'firewall', { names: ['begin', 'known'], hint: 'tools need it: `await node.openFirewall()`' })
}

/** Begins to count the calls of one request; `undefined` where it has no tools. */
export function openToolUse(
  { tools, firewall }: ToolRights,
  report: (step: string, details?: { readonly [detail: string]: unknown }) => void,
): ToolUse | undefined {
  if (tools === undefined || firewall === undefined) return undefined
  const onCall = (call: MadeCall): void => report('tool-called', { ...call })
  return { tools: tools.openTask(), firewall, onCall }
}

/** A question failed of which some was paid, or whose tools were called: they may have done something, which is not to be done again. */
export class ToolWorkFailed extends Error {
  override readonly cause: unknown
  readonly spentNanos: Amount | undefined
  readonly hasCalled: boolean

  constructor(cause: unknown, { spentNanos, hasCalled }: Pick<ToolWorkFailed, 'spentNanos' | 'hasCalled'>) {
    super('A question with tools failed', { cause })
    this.name = 'ToolWorkFailed'
    this.cause = cause
    this.spentNanos = spentNanos
    this.hasCalled = hasCalled
  }
}

/** Asks one question whose models may call tools; the result is the last answer, at the cost of all. Throws `ToolWorkFailed`, with what was in the way. */
export async function askWithTools(
  router: Router,
  request: RouteRequest,
  { use, signal }: { readonly use: ToolUse; readonly signal: AbortSignal },
): Promise<RouteResult> {
  let spentNanos: Amount | undefined = ZERO_AMOUNT
  let hasCalled = false
  const { tools, firewall, read, onCall } = use
  const watched: TaskTools = {
    list: async (options) => await tools.list(options),
    async call(tool, args, options) {
      hasCalled = true
      return await tools.call(tool, args, options)
    },
  }
  const onAnswer = (costNanos: Amount | undefined): void => {
    spentNanos = spentNanos === undefined || costNanos === undefined ? undefined : addAmounts(spentNanos, costNanos)
  }
  try {
    const { result, costNanos } = await routeWithTools({ router, tools: watched, firewall }, request, {
      signal,
      onAnswer,
      onCall,
      ...(read !== undefined && { read }),
    })
    return { ...result, costNanos }
  } catch (error: unknown) {
    if (signal.aborted && !CodedError.is(error)) throw error
    throw new ToolWorkFailed(error, { spentNanos, hasCalled })
  }
}
