import type { BudgetLine } from '../../router/budgets/budget-owner.ts'
import type { CacheStatistics } from '../../router/semantic-cache.ts'
import { ChangeLog } from './change-log.ts'
import { SupervisionFeed } from './supervision-feed.ts'
import { TaskFeed } from './task-feed.ts'

/** What happens on a node, for whoever looks at it: in memory, since its start, without the text of a task. */
export type NodeActivity = {
  readonly tasks: TaskFeed
  readonly supervision: SupervisionFeed
  readonly changes: ChangeLog
  /** `undefined` where the operator switched the cache off. */
  cacheStatistics(): CacheStatistics | undefined
  /** Accounts with a limit or a hold, as they are now at all gateways; as they were known last where nobody can say so. */
  budgetLines(): Promise<readonly BudgetLine[]>
}

/** What is there before the parts that it watches. */
export type ActivityFeeds = Pick<NodeActivity, 'tasks' | 'supervision' | 'changes'>

export function createActivityFeeds(): ActivityFeeds {
  const changes = new ChangeLog()
  return { changes, tasks: new TaskFeed(() => changes.note('tasks')), supervision: new SupervisionFeed() }
}
