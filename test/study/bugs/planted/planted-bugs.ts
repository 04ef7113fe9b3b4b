import type { PlantedBug } from '../planted-bug.ts'
import { AGREEMENT } from './agreement.ts'
import { BUDGETS } from './budgets.ts'
import { DOUBLE_SETTLES } from './double-settles.ts'
import { DROPPED_SUPERVISOR_MESSAGES } from './dropped-supervisor-messages.ts'
import { ISOLATION } from './isolation.ts'
import { LOST_UPDATES } from './lost-updates.ts'
import { OFF_BY_ONE_DEADLINES } from './off-by-one-deadlines.ts'
import { REPUTATION_COUNTED_TWICE } from './reputation-counted-twice.ts'
import { UNSYNCED_WRITES } from './unsynced-writes.ts'

/** All that are planted, class by class. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...LOST_UPDATES,
  ...DOUBLE_SETTLES,
  ...DROPPED_SUPERVISOR_MESSAGES,
  ...UNSYNCED_WRITES,
  ...OFF_BY_ONE_DEADLINES,
  ...REPUTATION_COUNTED_TWICE,
  ...BUDGETS,
  ...ISOLATION,
  ...AGREEMENT,
]
