import type { CommandEntry } from './command.ts'
import { ACCESS_COMMANDS } from './command-tables/access-commands.ts'
import { EVALUATING_COMMANDS } from './command-tables/evaluating-commands.ts'
import { LEARNING_COMMANDS } from './command-tables/learning-commands.ts'
import { LEDGER_COMMANDS } from './command-tables/ledger-commands.ts'
import { MARKET_COMMANDS } from './command-tables/market-commands.ts'
import { SERVING_COMMANDS } from './command-tables/serving-commands.ts'

/** All commands, in the order of the overview. */
export const COMMANDS: readonly CommandEntry[] = [
  ...SERVING_COMMANDS,
  ...LEDGER_COMMANDS,
  ...MARKET_COMMANDS,
  ...LEARNING_COMMANDS,
  ...ACCESS_COMMANDS,
  ...EVALUATING_COMMANDS,
]
