import type { TenantId } from '../base/identifiers.ts'
import { extractSummary } from '../core/memory/extract-summary.ts'
import { hashTrieGet } from '../core/collections/hash-trie.ts'
import { applySummary, planCompression, renderContext } from '../core/memory/rolling-summary.ts'
import type { CompressionPlan, CountTokens, RollingBudget, RollingContext } from '../core/memory/rolling-summary.ts'
import { isThreadName, STEP_BYTES_MAX, THREAD_STEPS_MAX } from '../core/memory/thread-machine.ts'
import type { Thread } from '../core/memory/thread-machine.ts'
import { truncateToTokens } from '../core/memory/truncate-to-tokens.ts'
import { utf8Length } from '../core/memory/utf8-length.ts'
import type { LanguageModel } from '../ports/language-model.ts'
import type { ThreadStep, ThreadView } from './memory-graph.ts'
import { throwIfRefused, write } from './memory-parts.ts'
import type { MemoryParts } from './memory-parts.ts'
import { prepareNode } from './remember-node.ts'
import type { TenantChange } from './tenant-state.ts'

export type ThreadKeeperComponents = Pick<MemoryParts, 'owner' | 'vectors' | 'uses' | 'clock'> & {
  /** Writes the summaries. Absent: they are extracted. */
  readonly languageModel: LanguageModel | undefined
  readonly countTokens: CountTokens
  readonly onError: (error: unknown) => void
}

export type ThreadKeeperInit = {
  /** Most tokens of a thread as a prompt shows it. */
  readonly budgetTokens: number
  /** Newest steps that stand in full while the budget allows. */
  readonly keepRecentSteps: number
}

/** Steps in full from which on a thread is compressed even though its tokens fit: short of what the machine refuses. */
const STEPS_IN_FULL_MAX = THREAD_STEPS_MAX - 1
const SUMMARY_TOKENS_MIN = 16

/**
 * Threads and their summaries. The steps of one thread are handled one after the other, of different threads side by side. A
 * step is durable before anything else happens; a thread and the node of its summary change together.
 */
export class ThreadKeeper {
  readonly #components: ThreadKeeperComponents
  readonly #init: ThreadKeeperInit
  /** The end of what is under way, by tenant and thread. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(components: ThreadKeeperComponents, init: ThreadKeeperInit) {
    this.#components = components
    this.#init = init
  }

  read(tenant: TenantId, name: string): ThreadView | undefined {
    const state = this.#components.owner.published(tenant)
    const thread = state && hashTrieGet(state.threads.threads, name)
    return thread && viewOf(thread)
  }

  async addStep(tenant: TenantId, step: ThreadStep, signal: AbortSignal | undefined): Promise<ThreadView> {
    return await this.#inTurn(tenant, step.thread, async () => {
      const { thread: name, text } = step
      // Earlier steps may be waiting still: whoever was to fold them was aborted.
      if ((this.#headOf(tenant, name)?.context.steps.length ?? 0) >= STEPS_IN_FULL_MAX)
        await this.#compress(tenant, name, signal)
      const stepId = step.stepId ?? String((this.#headOf(tenant, name)?.stepCount ?? 0) + 1)
      const at = this.#components.clock.now()
      await this.#write(tenant, [
        { machine: 'threads', event: { type: 'step-finished', thread: name, step: { id: stepId, text }, at } },
      ])
      await this.#compress(tenant, name, signal)
      const thread = this.#headOf(tenant, name)
      // Threads are bounded: this one may have left meanwhile for newer ones.
      return thread === undefined ? { summary: '', steps: [], text: '', stepCount: 0 } : viewOf(thread)
    })
  }

  async close(tenant: TenantId, name: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    return await this.#inTurn(tenant, name, async () => {
      const thread = this.#headOf(tenant, name)
      if (thread === undefined) return undefined
      const budget: RollingBudget = { ...this.#budget(), keepRecentSteps: 0 }
      const plan = planCompression(thread.context, budget)
      const text =
        plan.kind === 'fits'
          ? textsOf(thread.context, thread.context.steps.length).join('\n')
          : (await this.#fold(thread.context, { plan, budget, signal })).summary
      const closed: TenantChange = {
        machine: 'threads',
        event: { type: 'thread-closed', thread: name, at: this.#components.clock.now() },
      }
      return await this.#writeWithSummary(tenant, { name, change: closed, text, signal })
    })
  }

  async #compress(tenant: TenantId, name: string, signal: AbortSignal | undefined): Promise<void> {
    const context = this.#headOf(tenant, name)?.context
    if (context === undefined) return
    let budget = this.#budget()
    if (context.steps.length >= STEPS_IN_FULL_MAX) {
      const tokens = budget.countTokens(renderContext(context))
      budget = { ...budget, budgetTokens: Math.min(budget.budgetTokens, Math.floor(tokens / 2)) }
    }
    const plan = planCompression(context, budget)
    if (plan.kind === 'fits') return
    const folded = await this.#fold(context, { plan, budget, signal })
    const compressed: TenantChange = {
      machine: 'threads',
      event: { type: 'thread-compressed', thread: name, context: folded, at: this.#components.clock.now() },
    }
    await this.#writeWithSummary(tenant, { name, change: compressed, text: folded.summary, signal })
  }

  /** The context after the compression, within the budget whatever the model says. Throws the signal's reason. */
  async #fold(
    context: RollingContext,
    {
      plan,
      budget,
      signal,
    }: { readonly plan: Compress; readonly budget: RollingBudget; readonly signal: AbortSignal | undefined },
  ): Promise<RollingContext> {
    const summary =
      (await this.#askModel(plan, signal)) ??
      extractSummary(textsOf(context, plan.stepCount), {
        fits: (text) => budget.countTokens(text) <= plan.summaryTokensMax,
      })
    const next = applySummary(context, { plan, summary }, budget)
    return { ...next, summary: cutToBytes(next.summary, STEP_BYTES_MAX) }
  }

  /** `undefined` where no model is given, or none answers. */
  async #askModel(
    { prompt, summaryTokensMax }: Compress,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const { languageModel, onError } = this.#components
    if (languageModel === undefined) return undefined
    try {
      const answer = await languageModel.doGenerate(
        {
          messages: [
            { role: 'system', content: prompt.system },
            { role: 'user', content: prompt.user },
          ],
          maxOutputTokens: Math.max(SUMMARY_TOKENS_MIN, summaryTokensMax),
        },
        { signal },
      )
      return answer.text.trim() === '' ? undefined : answer.text
    } catch (error: unknown) {
      signal?.throwIfAborted()
      onError(error)
      return undefined
    }
  }

  /** Writes a change of a thread together with the node of its summary; returns the node's id. */
  async #writeWithSummary(
    tenant: TenantId,
    {
      name,
      change,
      text,
      signal,
    }: {
      readonly name: string
      readonly change: TenantChange
      readonly text: string
      readonly signal: AbortSignal | undefined
    },
  ): Promise<string | undefined> {
    const { textBytesMax } = this.#components.owner.head(tenant).graph.settings
    const cut = cutToBytes(text, textBytesMax)
    if (cut.trim() === '') {
      await this.#write(tenant, [change])
      return undefined
    }
    const memory = { kind: 'summary', text: cut, id: `summary:${name}` } as const
    const node = await prepareNode(this.#components, tenant, { memory, signal })
    await this.#write(tenant, [change, node.change], node.onApplied)
    return node.id
  }

  async #write(tenant: TenantId, changes: readonly TenantChange[], onApplied?: () => void): Promise<void> {
    const committed = await write(this.#components, tenant, { changes, ...(onApplied !== undefined && { onApplied }) })
    for (const effects of committed) throwIfRefused(effects, 'thread')
  }

  #headOf(tenant: TenantId, name: string): Thread | undefined {
    return hashTrieGet(this.#components.owner.head(tenant).threads.threads, name)
  }

  #budget(): RollingBudget {
    const { budgetTokens, keepRecentSteps } = this.#init
    return { budgetTokens, keepRecentSteps, countTokens: this.#components.countTokens }
  }

  async #inTurn<Result>(tenant: TenantId, name: string, work: () => Promise<Result>): Promise<Result> {
    if (!isThreadName(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a thread`)
    const key = `${tenant}/${name}`
    const before = this.#turns.get(key) ?? Promise.resolve()
    const turn = before.then(work, work)
    this.#turns.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key)
    }
  }
}

type Compress = Extract<CompressionPlan, { kind: 'compress' }>

function textsOf({ summary, steps }: RollingContext, stepCount: number): readonly string[] {
  return [summary, ...steps.slice(0, stepCount).map(({ text }) => text)].filter((text) => text !== '')
}

function viewOf({ context, stepCount }: Thread): ThreadView {
  return { summary: context.summary, steps: context.steps, text: renderContext(context), stepCount }
}

function cutToBytes(text: string, bytesMax: number): string {
  return truncateToTokens(text, { fits: (candidate) => utf8Length(candidate) <= bytesMax })
}
