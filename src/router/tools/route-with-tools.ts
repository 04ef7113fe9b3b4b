import { CodedError } from '../../base/errors.ts'
import { addAmounts, type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import type { ChatMessage, ToolCall, ToolDefinition } from '../../ports/language-model.ts'
import type { Router, RouteRequest, RouteResult } from '../../ports/router.ts'
import type { OfferedTool, TaskTools } from '../../ports/tool-servers.ts'
import { type PlanGate, type PlanPlace, placesOfTask } from '../firewall/steps-gate.ts'
import { enterToolCall, placeOfTool } from './tool-gate.ts'

/** What `routeWithTools` runs one task with: who answers, which tools may be called, and who judges the calls. */
export type ToolTaskComponents = {
  readonly router: Pick<Router, 'route'>
  /** Of this task: its calls are counted there. */
  readonly tools: TaskTools
  /** Judges each call before it is made, by what was read until then. */
  readonly firewall: PlanGate
}

/** How long models of one task may go on calling tools, what the task was made of, and who is told on the way. */
export type ToolTaskOptions = {
  /** Answers that may call tools; the one after the last has none, and has to be an answer. Default 8. */
  readonly roundsMax?: number
  /** What the request was made of besides what its messages say: each has a say in every call. */
  readonly read?: readonly PlanPlace[]
  /** Told what each answer cost, as it comes; `undefined` where nobody knows. */
  readonly onAnswer?: (costNanos: Amount | undefined) => void
  /** Told of each call, before the model is. */
  readonly onCall?: (call: MadeCall) => void
  readonly signal?: AbortSignal | undefined
}

/** One call that a model asked for. */
export type MadeCall = {
  readonly server: string
  readonly tool: string
  /** `answered`, `failed` where the tool said so, else the code of what was in the way. */
  readonly outcome: string
  /** Letters that came. */
  readonly characters: number
}

/**
 * What came of a task with tools: its answer, what all answers on the way cost, and each call of a tool that was offered, made or
 * refused, in order.
 */
export type ToolTaskResult = {
  /** The last answer, which calls no tool. */
  readonly result: RouteResult
  /** Of all answers together; `undefined` where some price is unknown. */
  readonly costNanos: Amount | undefined
  readonly calls: readonly MadeCall[]
}

const ROUNDS_MAX_DEFAULT = 8
/** Calls of one answer; more are not made. */
const CALLS_OF_ANSWER_MAX = 8

/**
 * Runs a task whose models may call the tools of other programs: they are offered what the task may call, each call is judged by the firewall and
 * made, and what came of it is a message of the tool, which the router screens as any text of a tool. The cap of the task is that of all its
 * answers together.
 *
 * Throws as `Router.route`, `REQUEST_INVALID` where the request brings tools of its own, and the signal's reason. What is in the way of a call is
 * told to the model.
 */
export async function routeWithTools(
  components: ToolTaskComponents,
  request: RouteRequest,
  options: ToolTaskOptions = {},
): Promise<ToolTaskResult> {
  if (request.request.tools !== undefined)
    throw new CodedError('REQUEST_INVALID', { message: 'A task with tools of its own cannot be given others' })
  return await new ToolTask(components, request, options).run()
}

class ToolTask {
  readonly #components: ToolTaskComponents
  readonly #request: RouteRequest
  readonly #options: ToolTaskOptions
  readonly #messages: ChatMessage[]
  /** What the models have read by now. */
  readonly #read: PlanPlace[]
  readonly #calls: MadeCall[] = []
  #spentNanos: Amount | undefined = ZERO_AMOUNT

  constructor(components: ToolTaskComponents, request: RouteRequest, options: ToolTaskOptions) {
    this.#components = components
    this.#request = request
    this.#options = options
    this.#messages = [...request.request.messages]
    this.#read = [...placesOfTask(request.request.messages, request.sender ?? 'user'), ...(options.read ?? [])]
  }

  async run(): Promise<ToolTaskResult> {
    const { signal, roundsMax = ROUNDS_MAX_DEFAULT } = this.#options
    const offered = namedTools(await this.#components.tools.list({ signal }))
    for (let round = 0; ; round += 1) {
      const isLast = round >= roundsMax || offered.size === 0
      const result = await this.#ask(isLast ? undefined : offered, round)
      const { text, toolCalls } = result.answer
      if (isLast || toolCalls.length === 0) return { result, costNanos: this.#spentNanos, calls: this.#calls }
      this.#messages.push({ role: 'assistant', content: text === '' ? null : text, toolCalls })
      for (const [index, call] of toolCalls.entries()) {
        const content =
          index < CALLS_OF_ANSWER_MAX ? await this.#make(call, offered) : refused('too many calls at once')
        this.#messages.push({ role: 'tool', toolCallId: call.id, content })
      }
    }
  }

  async #ask(offered: ReadonlyMap<string, OfferedTool> | undefined, round: number): Promise<RouteResult> {
    const { taskId, controls, request, ...rest } = this.#request
    const { maxCostNanos } = controls
    const left = maxCostNanos === undefined ? undefined : leftOf(maxCostNanos, this.#spentNanos ?? ZERO_AMOUNT)
    const result = await this.#components.router.route(
      {
        ...rest,
        // Each answer is a task of the records; the first one has the name that the caller gave.
        ...(round === 0 && taskId !== undefined && { taskId }),
        request: {
          ...request,
          messages: this.#messages,
          ...(offered !== undefined && { tools: definitionsOf(offered) }),
        },
        controls: { ...controls, ...(left !== undefined && { maxCostNanos: left }) },
      },
      { signal: this.#options.signal },
    )
    const { costNanos } = result
    this.#options.onAnswer?.(costNanos)
    this.#spentNanos =
      costNanos === undefined || this.#spentNanos === undefined ? undefined : addAmounts(this.#spentNanos, costNanos)
    return result
  }

  /** What the model is told of a call. */
  async #make({ name, arguments: args }: ToolCall, offered: ReadonlyMap<string, OfferedTool>): Promise<string> {
    const { signal } = this.#options
    const tool = offered.get(name)
    if (tool === undefined) return refused('there is no such tool')
    const { firewall, tools } = this.#components
    const { caller } = this.#request
    try {
      await enterToolCall(firewall, { tool, read: this.#read, proposedBy: caller.agent ?? 'task' })
      const { text, isError } = await tools.call(tool, args, { signal })
      this.#read.push(placeOfTool(tool))
      this.#note(tool, isError ? 'failed' : 'answered', text.length)
      return isError ? `[the tool failed] ${text}` : text
    } catch (error: unknown) {
      signal?.throwIfAborted()
      if (!CodedError.is(error)) throw error
      this.#note(tool, error.code, 0)
      return refused(error.code === 'REQUEST_INVALID' ? error.message : error.code)
    }
  }

  #note({ server, tool }: OfferedTool, outcome: string, characters: number): void {
    const call = { server, tool, outcome, characters }
    this.#calls.push(call)
    this.#options.onCall?.(call)
  }
}

function refused(why: string): string {
  return `[not called: ${why}]`
}

function leftOf(most: Amount, spent: Amount): Amount {
  return subtractAmounts(most, spent) ?? ZERO_AMOUNT
}

const NAME_CHARS_MAX = 64

/** By names that every provider takes. Those whose names would be one get a number behind them, in the order in which they are offered. */
function namedTools(tools: readonly OfferedTool[]): ReadonlyMap<string, OfferedTool> {
  const named = new Map<string, OfferedTool>()
  for (const tool of tools) {
    const whole = `${tool.server}__${tool.tool}`.replace(/[^A-Za-z0-9_-]/g, '_')
    let name = whole.slice(0, NAME_CHARS_MAX)
    for (let number = 2; named.has(name); number += 1) name = numbered(whole, number)
    named.set(name, tool)
  }
  return named
}

function numbered(name: string, number: number): string {
  const end = `_${number}`
  return name.slice(0, NAME_CHARS_MAX - end.length) + end
}

function definitionsOf(offered: ReadonlyMap<string, OfferedTool>): readonly ToolDefinition[] {
  return [...offered].map(([name, { description, inputSchema: parameters }]) => ({ name, description, parameters }))
}
