import { parseTaskId, parseTenantId, type TaskId, type TenantId } from '../../../base/identifiers.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import type { RouteRequest } from '../../../ports/router.ts'
import type { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import type { TaskKind } from '../../models/model-profile.ts'
import type { SimulatedTask } from '../../models/simulated-task.ts'
import type { Stage } from '../../scenario/stage.ts'
import { drawTask } from '../routing-savings/drawn-questions.ts'

/** Who asks: four votes of each count on a candidate, so that few tenants say too little of it. */
const TENANTS = 120
/** Longest that somebody waits before saying whether an answer was of use, virtual milliseconds. */
const FEEDBACK_MS = 15_000

export type CustomersInit = {
  readonly stage: Stage
  readonly outcomes: DrawnOutcomes
  /** Share of the tasks that were asked before, word by word. */
  readonly repeated: number
  readonly feedbackShare: number
}

export type Asked = {
  readonly task: SimulatedTask
  readonly taskId: TaskId
  readonly tenant: TenantId
  readonly request: RouteRequest
}

type Mix = Readonly<Partial<Record<TaskKind, number>>>

/** Those who ask, and of whom some say later whether the answer was of use. */
export class Customers {
  /** Tasks so far. */
  count = 0
  private readonly init: CustomersInit
  private readonly arrivals: RandomStream
  private readonly feedback: RandomStream
  private readonly asked: SimulatedTask[] = []

  constructor(init: CustomersInit) {
    this.init = init
    this.arrivals = init.stage.random('arrivals')
    this.feedback = init.stage.random('feedback')
  }

  ask(mix: Mix): Asked {
    const at = this.count
    this.count += 1
    const taskId = parseTaskId(`flywheel-${at}`) as TaskId
    const tenant = parseTenantId(`tenant-${at % TENANTS}`) as TenantId
    const task = this.nextTask(at, mix)
    const request: RouteRequest = {
      taskId,
      caller: { tenant },
      target: { kind: 'auto' },
      request: { messages: [{ role: 'user', content: task.prompt }] },
      controls: {},
    }
    return { task, taskId, tenant, request }
  }

  /** When somebody says what the answer was worth, virtual milliseconds from now; `undefined`: nobody does. */
  nextJudgement(): number | undefined {
    const [isTold, delay] = [this.feedback.nextUnit() < this.init.feedbackShare, this.feedback.nextBelow(FEEDBACK_MS)]
    return isTold ? delay : undefined
  }

  private nextTask(at: number, mix: Mix): SimulatedTask {
    const isRepeated = this.arrivals.nextUnit() < this.init.repeated
    const before = this.asked[Math.floor(this.arrivals.nextUnit() * at)]
    const task = isRepeated && before !== undefined ? before : drawTask(this.arrivals, mix)
    this.init.outcomes.announce(task)
    this.asked.push(task)
    return task
  }
}
