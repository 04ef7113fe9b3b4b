import { formatNanos } from '../../base/format-credits.ts'
import { formatBytes, formatDuration, formatPercent, formatUsd } from '../../base/format.ts'

/** Shown where a value is not known. */
export const UNKNOWN = 'unknown'

/** `12,345`. */
export function shownCount(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

export function shownUsd(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  return value < 0 ? `-${formatUsd(-value)}` : formatUsd(value)
}

export function shownMs(value: number | undefined): string {
  return value === undefined ? UNKNOWN : formatDuration(value)
}

export function shownShare(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? UNKNOWN : formatPercent(value)
}

export function shownBytes(value: number | undefined): string {
  return value === undefined ? UNKNOWN : formatBytes(value)
}

/** A part of a whole; `unknown` of nothing. */
export function shownPart(part: number | undefined, whole: number | undefined): string {
  return part === undefined || whole === undefined || whole === 0 ? '–' : formatPercent(part / whole)
}

/** Decimal text of nano-units with the code of its currency: `1.5 USD`. */
export function shownCredits(nanos: string | undefined, currency: string | undefined): string {
  if (nanos === undefined || !/^-?\d{1,40}$/.test(nanos)) return UNKNOWN
  const code = currency?.split('@')[0] ?? ''
  return `${formatNanos(nanos)} ${code}`.trimEnd()
}

/** `2 h 5 min`, `3 d 4 h`: a span that is longer than a call. */
export function shownSpan(seconds: number | undefined): string {
  if (seconds === undefined) return UNKNOWN
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3_600)} h`
}

/** `14:03:09` of an instant, in the zone of whoever looks. */
export function shownTime(ms: number | undefined): string {
  if (ms === undefined || Number.isNaN(new Date(ms).getTime())) return UNKNOWN
  const at = new Date(ms)
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':')
}

/** `2027-03-01 14:03:09`. */
export function shownInstant(ms: number | undefined): string {
  if (ms === undefined || Number.isNaN(new Date(ms).getTime())) return UNKNOWN
  const at = new Date(ms)
  return `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())} ${shownTime(ms)}`
}

/** `2027-03-01`: a day of UTC, by its first instant. */
export function shownDay(ms: number | undefined): string {
  const at = new Date(ms ?? Number.NaN)
  return Number.isNaN(at.getTime()) ? UNKNOWN : at.toISOString().slice(0, 10)
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

/** `did:key:z6Mkab…9xyz`: enough of a long name to tell it from others; the whole is in its title. */
export function shortName(name: string, most = 20): string {
  return name.length <= most ? name : `${name.slice(0, most - 5)}…${name.slice(-4)}`
}
