import type { KernellNode } from '../node/kernell-node.ts'
import type { Logger } from '../ports/logger.ts'
import type { CommandContext } from './command.ts'
import { configOfServingFlags } from './config-flags.ts'

/** As `useNode`, for a node that serves: it and its gateway write one log to standard error, whose last line is there when the work is done. */
export async function useServedNode(
  context: CommandContext,
  work: (node: KernellNode, logger: Logger) => Promise<void>,
): Promise<void> {
  const { terminal, environment } = context
  const { errors } = terminal
  const flags = configOfServingFlags(context.flags)
  const { backgroundErrorsTo, openLog } = await import('../node/open-log.ts')
  const log = openLog(context.loadConfig(flags).log, {
    target: errors.fd === undefined ? errors : { fd: errors.fd },
    isTerminal: errors.isTTY === true,
    isColoured: errors.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb',
  })
  try {
    await context.useNode(async (node) => await work(node, log.logger), flags, {
      onBackgroundError: backgroundErrorsTo(log.logger),
    })
  } finally {
    log.flush()
  }
}
