import type { Logger } from '../ports/logger.ts'
import { openPinoLog, type LogTarget, type OpenLog } from '../telemetry/pino-logger.ts'
import type { LogConfig } from './config/node-config.ts'

export type OpenLogInit = {
  readonly target: LogTarget
  /** Whether a person reads it as it comes. */
  readonly isTerminal: boolean
  readonly isColoured: boolean
}

/** The log of a node and its gateway, as the operator wants it. */
export function openLog({ level, format }: LogConfig, { target, isTerminal, isColoured }: OpenLogInit): OpenLog {
  const automatic = isTerminal ? 'pretty' : 'json'
  return openPinoLog({ level, format: format === 'auto' ? automatic : format, target, isColoured })
}

/** Where failures behind a request's back are told. Whoever ended something knows of it. */
export function backgroundErrorsTo(logger: Logger): (error: unknown) => void {
  return (error) => {
    if (error instanceof Error && error.name === 'AbortError') return
    logger.error('background work failed', { error })
  }
}
