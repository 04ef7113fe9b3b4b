/**
 * Calendar dates of price lists: `YYYY-MM-DD` in UTC, which sort as text. The core has no clock, so "today" is always an argument.
 */
export type CivilDate = string & { readonly __civilDate: true }

const SHAPE = /^(\d{4})-(\d{2})-(\d{2})$/

/** Days since 1970-01-01 of a civil date (proleptic Gregorian; negative before the epoch). */
export function daysSinceEpoch(date: CivilDate): number {
  const year = Number(date.slice(0, 4))
  const month = Number(date.slice(5, 7))
  const day = Number(date.slice(8, 10))
  // Years are counted from March, so that the leap day is the last day of a year and month lengths follow one formula.
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The civil date that lies `days` days after 1970-01-01; the inverse of `daysSinceEpoch`. */
export function civilDateOfDays(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const padded = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
  return padded as CivilDate
}

/** The UTC civil date of an instant in milliseconds since the epoch. */
export function civilDateOfInstant(milliseconds: number): CivilDate {
  return civilDateOfDays(Math.floor(milliseconds / 86_400_000))
}

/** Reads `YYYY-MM-DD`; `undefined` for any other text and for days that do not exist, such as 2026-02-30. */
export function parseCivilDate(text: unknown): CivilDate | undefined {
  if (typeof text !== 'string' || !SHAPE.test(text)) return undefined
  const date = text as CivilDate
  return civilDateOfDays(daysSinceEpoch(date)) === text ? date : undefined
}

/** Whole days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: CivilDate, to: CivilDate): number {
  return daysSinceEpoch(to) - daysSinceEpoch(from)
}

const DAY_MS = 86_400_000
const ISO_INSTANT = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})\.(\d{3})Z$/

/** Milliseconds since 1970 as ISO 8601 in UTC, to the millisecond. */
export function isoOfInstant(milliseconds: number): string {
  const rest = milliseconds - DAY_MS * Math.floor(milliseconds / DAY_MS)
  const two = (value: number, digits = 2): string => Math.floor(value).toString().padStart(digits, '0')
  const time = `${two(rest / 3_600_000)}:${two((rest / 60_000) % 60)}:${two((rest / 1_000) % 60)}.${two(rest % 1_000, 3)}`
  return `${civilDateOfInstant(milliseconds)}T${time}Z`
}

/** What `isoOfInstant` wrote; `undefined` for other text. */
export function instantOfIso(text: string): number | undefined {
  const [, day = '', hours = '', minutes = '', seconds = '', rest = ''] = ISO_INSTANT.exec(text) ?? []
  const date = parseCivilDate(day)
  if (date === undefined) return undefined
  return (
    DAY_MS * daysSinceEpoch(date) +
    3_600_000 * Number(hours) +
    60_000 * Number(minutes) +
    1_000 * Number(seconds) +
    Number(rest)
  )
}
