import type { ConfigDocument } from '../node/config/config-document.ts'
import type { TelemetryFilter } from '../node/node-records.ts'
import { textFlag, usageError, type Flags, type FlagTable } from './flags.ts'

/** Flags that say which records are meant. */
export const RECORD_FLAGS: FlagTable = {
  tenant: { value: 'NAME', describe: 'only records of this tenant' },
  from: { value: 'DATE', describe: 'only records from this instant on: 2026-01-31 or 2026-01-31T08:00:00Z' },
  to: { value: 'DATE', describe: 'only records before this instant' },
}

/** Records are read without asking any server which models it has. */
export const WITHOUT_SERVERS: ConfigDocument = { discover: false }

/** Throws `COMMAND_INVALID` for a date that is none. */
export function recordFilterOf(flags: Flags): TelemetryFilter {
  const tenant = textFlag(flags, 'tenant')
  const from = instantFlag(flags, 'from')
  const to = instantFlag(flags, 'to')
  return {
    ...(tenant !== undefined && { tenant }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  }
}

const DATE_PATTERN = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

/** An instant as records carry it: ISO 8601, UTC, milliseconds. A bare day begins at midnight UTC. Throws `COMMAND_INVALID`. */
export function instantFlag(flags: Flags, name: string): string | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const instant = DATE_PATTERN.test(text) ? Date.parse(text) : Number.NaN
  // 2026-02-30 is read as a day of March; what comes out must begin with the day that went in.
  const isRead = Number.isFinite(instant) && (text.length > 10 || new Date(instant).toISOString().startsWith(text))
  if (!isRead)
    throw usageError(
      `--${name} must be a day such as 2026-01-31 or an instant such as 2026-01-31T08:00:00Z, not ${JSON.stringify(text)}`,
    )
  return new Date(instant).toISOString()
}
