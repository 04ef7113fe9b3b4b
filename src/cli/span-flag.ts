import { type Flags, textFlag, usageError } from './flags.ts'

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** The milliseconds of a flag such as `30m`, `12h`, `7d` or `2w`; `undefined` when it was not given. Throws `COMMAND_INVALID`. */
export function spanFlag(flags: Flags, name: string, msMax: number): number | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const [, count = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)([smhdw])$/.exec(text) ?? []
  const spanMs = Math.round(Number(count) * (UNITS[unit] ?? 0))
  if (spanMs >= 1 && spanMs <= msMax) return spanMs
  const longest = `${Math.floor(msMax / 86_400_000)}d`
  throw usageError(
    `--${name} must be a span such as 30m, 12h, 7d or 2w, at most ${longest}, not ${JSON.stringify(text)}`,
  )
}
