import { assert } from '../../../base/assert.ts'
import { CodedError } from '../../../base/errors.ts'
import { DEFAULT_TENANT, parseTaskId } from '../../../base/identifiers.ts'
import { MODEL_TIERS } from '../../../core/models/model-entry.ts'
import type { PolicyArtefact } from '../../../core/policy/policy-artefact.ts'
import type { ModelRequest } from '../../../ports/language-model.ts'
import { answerWasServed, recordsEqualBill } from '../../checks/records-equal-bill.ts'
import type { Machine } from '../../machine/machine.ts'
import { PriceBook } from '../../models/price-book.ts'
import { SimulatedProvider } from '../../models/simulated-provider.ts'
import { bootRouter, type RouterWork } from '../../router/boot-router.ts'
import { readTaskRecords, type TaskRecord } from '../../router/task-records.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { Question, Questions } from './questions.ts'
import type { Seen } from './seen.ts'

export type ArmInit = {
  /** Share of the best single model's quality that is asked for. */
  readonly qualityShare: number
  /** `undefined`: the documented priors. */
  readonly artefact: PolicyArtefact | undefined
  /** The model that "always premium" means. */
  readonly best: string
}

/** One machine that is asked everything. What came of it is read from the machine's own records in the end. */
export class Arm {
  readonly init: ArmInit
  private readonly stage: Stage
  private readonly questions: Questions
  private readonly provider: SimulatedProvider
  private readonly machine: Machine
  /** What askers were given; `undefined`: nothing. */
  private readonly answers = new Map<string, string | undefined>()
  private work: RouterWork | undefined

  constructor(stage: Stage, questions: Questions, init: ArmInit) {
    this.stage = stage
    this.questions = questions
    this.init = init
    const { world } = stage
    const { outcomes, entries, hasShortcuts } = questions
    const { qualityShare, artefact, best } = init
    const name = `router-${qualityShare}`
    const prices = new PriceBook(entries)
    this.provider = new SimulatedProvider({ world, outcomes, prices, random: stage.random(`faults/${name}`) })
    this.machine = stage.createMachine({
      name,
      boot: async (owner, machine) => {
        this.work = await bootRouter(owner, machine, {
          stage,
          provider: this.provider,
          prices,
          premium: best,
          policy: artefact === undefined ? {} : { artefact, qualityShare },
          hasCache: hasShortcuts,
        })
        return this.work
      },
      onBootFailure: (error) => world.fail(error),
    })
  }

  get isDone(): boolean {
    return this.answers.size === this.questions.asked.length
  }

  /** Whether the policy was trained for this share; else it keeps the bound of its configuration. */
  get isTrainedFor(): boolean {
    const { artefact, qualityShare } = this.init
    return artefact?.operatingPoints.some((point) => point.qualityShare === qualityShare) === true
  }

  async start(gapMs: number): Promise<void> {
    await this.machine.start()
    for (const [at, question] of this.questions.asked.entries())
      this.stage.world.schedule(at * gapMs, {
        kind: 'task arrives',
        run: () => void this.ask(`task-${at}`, question),
      })
  }

  /** Every task with its record, checked against what the provider has billed and served. */
  async seen(): Promise<readonly Seen[]> {
    assert(this.work !== undefined, 'the machine is up')
    const { asked } = this.questions
    const records = await readTaskRecords(this.work.records)
    const byTask = new Map(records.map((record) => [record.task, record]))
    const isOneEach = byTask.size === records.length && asked.every((_, at) => byTask.has(`task-${at}`))
    this.stage.checks.check(
      'one-record-per-task',
      isOneEach ? undefined : `${asked.length} tasks have ${records.length} records of ${byTask.size} tasks`,
    )
    const seen = asked.map((question, at) => {
      const task = `task-${at}`
      return { question, record: byTask.get(task), answer: this.answers.get(task) }
    })
    this.hold(seen)
    return seen
  }

  state(): { readonly name: string; readonly charged: string } {
    return { name: this.machine.name, charged: this.provider.bill.total().toString() }
  }

  private hold(seen: readonly Seen[]): void {
    const { checks } = this.stage
    const { bill } = this.provider
    const byPrompt = new Map<string, TaskRecord[]>()
    for (const { question, record, answer } of seen) {
      if (record === undefined) continue
      byPrompt.set(question.prompt, [...(byPrompt.get(question.prompt) ?? []), record])
      // What came from the cache or an exact tool was served by no model.
      if (answer === undefined || record.modelId === undefined || record.isCached) continue
      const served = this.questions.outcomes.outcomeOf(record.modelId, requestOf(question)).text
      checks.check('answer-was-served', answerWasServed(record, { answer, served }))
    }
    const lines = bill.byPrompt()
    for (const [prompt, records] of byPrompt)
      checks.check('records-equal-bill', recordsEqualBill(records, lines.get(prompt) ?? []))
    const all = [...byPrompt.values()].flat()
    const kept = all.reduce((sum, { costNanos }) => sum + (costNanos ?? 0n), 0n)
    const charged = bill.total()
    const differs = kept === charged ? undefined : `records say ${kept} nano-dollars, the provider charged ${charged}`
    checks.check('records-match-bill', differs)
  }

  private async ask(task: string, question: Question): Promise<void> {
    const taskId = parseTaskId(task)
    assert(taskId !== undefined, 'tasks have names that can be theirs')
    const result = await this.work?.router
      .route({
        taskId,
        caller: { tenant: DEFAULT_TENANT },
        target: { kind: 'auto' },
        request: requestOf(question),
        controls: this.questions.hasShortcuts ? {} : { cache: 'off', tiers: MODEL_TIERS },
      })
      .catch((error: unknown) => {
        if (!CodedError.is(error)) this.stage.world.fail(error)
        return undefined
      })
    this.answers.set(task, result?.answer.text)
  }
}

function requestOf({ prompt }: Question): ModelRequest {
  return { messages: [{ role: 'user', content: prompt }] }
}
