import { civilDateOfDays, daysSinceEpoch, parseCivilDate, type CivilDate } from '../models/civil-date.ts'

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
] as const
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

const MONTH =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?'
const DAY = '(\\d{1,2})(?:st|nd|rd|th)?'
const WEEKDAY = '(?:(sunday|monday|tuesday|wednesday|thursday|friday|saturday),? )?'
const ISO = /^(?:the )?(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/
const MONTH_FIRST = new RegExp(`^${WEEKDAY}${MONTH} ${DAY},? (\\d{4})$`)
const DAY_FIRST = new RegExp(`^${WEEKDAY}(?:the )?${DAY} (?:of )?${MONTH},? (\\d{4})$`)

/**
 * Before this year some countries still used the Julian calendar (Britain and its colonies until 1752), so a date does
 * not say which day is meant.
 */
const YEAR_MIN = 1753

/**
 * A full date in lower case, written so that only one reading exists: `2024-03-01`, `2024/3/1`, `march 1, 2024`,
 * `1st of march 2024`, with its weekday when that is right. `03/04/2024` is a different day in different countries and is
 * not read. `undefined` also for days that do not exist and years before 1753.
 */
export function readDate(text: string): CivilDate | undefined {
  const iso = ISO.exec(text)
  if (iso !== null) return dateOf(iso[1], iso[2], iso[3])
  const monthFirst = MONTH_FIRST.exec(text)
  if (monthFirst !== null)
    return withWeekday(dateOf(monthFirst[4], monthNumber(monthFirst[2]), monthFirst[3]), monthFirst[1])
  const dayFirst = DAY_FIRST.exec(text)
  return dayFirst === null
    ? undefined
    : withWeekday(dateOf(dayFirst[4], monthNumber(dayFirst[3]), dayFirst[2]), dayFirst[1])
}

function withWeekday(date: CivilDate | undefined, weekday: string | undefined): CivilDate | undefined {
  if (date === undefined || weekday === undefined) return date
  return weekdayOf(date).toLowerCase() === weekday ? date : undefined
}

function monthNumber(name = ''): string {
  return String(1 + MONTHS.findIndex((month) => month.startsWith(name.slice(0, 3))))
}

/** Number 1..12 of an English month name or its usual abbreviation in lower case; `undefined` for other words. */
export function readMonth(name: string): number | undefined {
  return new RegExp(`^${MONTH}$`).test(name) ? Number(monthNumber(name)) : undefined
}

function dateOf(year = '', month = '', day = ''): CivilDate | undefined {
  if (Number(year) < YEAR_MIN) return undefined
  return parseCivilDate(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`)
}

/** English name of the weekday. 1970-01-01 was a Thursday. */
export function weekdayOf(date: CivilDate): (typeof WEEKDAYS)[number] {
  const days = daysSinceEpoch(date)
  return WEEKDAYS[(((days + 4) % 7) + 7) % 7] ?? 'Sunday'
}

export type YearAndMonth = { readonly year: number; readonly month: number; readonly day: number }

export function partsOf(date: CivilDate): YearAndMonth {
  return { year: Number(date.slice(0, 4)), month: Number(date.slice(5, 7)), day: Number(date.slice(8, 10)) }
}

/** Gregorian rule: every fourth year, but of the centuries only every fourth. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** The date `days` later (earlier when negative); `undefined` outside 1753 to 9999. */
export function addDays(date: CivilDate, days: number): CivilDate | undefined {
  const moved = civilDateOfDays(daysSinceEpoch(date) + days)
  return moved.length === 10 && partsOf(moved).year >= YEAR_MIN ? moved : undefined
}

/**
 * The same day of the month `months` later; `undefined` where that month has no such day (31 January + 1 month), since
 * calendars disagree about it, and outside 1753 to 9999.
 */
export function addMonths(date: CivilDate, months: number): CivilDate | undefined {
  const { year, month, day } = partsOf(date)
  const index = year * 12 + (month - 1) + months
  const movedYear = Math.floor(index / 12)
  if (movedYear < YEAR_MIN || movedYear > 9999) return undefined
  return dateOf(String(movedYear), String((index % 12) + 1), String(day))
}

export type IsoWeek = { readonly year: number; readonly week: number }

/** Week of ISO 8601: weeks start on Monday, and week 1 holds the first Thursday of the year. */
export function isoWeekOf(date: CivilDate): IsoWeek {
  const days = daysSinceEpoch(date)
  const mondayBased = (((days + 3) % 7) + 7) % 7
  const thursday = civilDateOfDays(days - mondayBased + 3)
  const { year } = partsOf(thursday)
  const ordinal = daysSinceEpoch(thursday) - firstDayOf(year)
  return { year, week: Math.floor(ordinal / 7) + 1 }
}

function firstDayOf(year: number): number {
  return daysSinceEpoch(`${String(year).padStart(4, '0')}-01-01` as CivilDate)
}

/** 1 for 1 January. */
export function dayOfYear(date: CivilDate): number {
  return daysSinceEpoch(date) - firstDayOf(partsOf(date).year) + 1
}
