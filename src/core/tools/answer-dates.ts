import { civilDateOfInstant, daysSinceEpoch, type CivilDate } from '../models/civil-date.ts'
import type { DeterministicAnswer, DeterministicContext, Recogniser } from './deterministic-answer.ts'
import {
  addDays,
  addMonths,
  dayOfYear,
  daysInMonth,
  isLeapYear,
  isoWeekOf,
  readDate,
  readMonth,
  weekdayOf,
} from './read-date.ts'

/** Dates: differences, shifts, weekdays, leap years, ISO weeks. Questions about today need `context.now`. */
export const answerDates: Recogniser = (task, context) => {
  if (task.quotes.length > 0 || task.payload !== undefined) return undefined
  const { instruction } = task
  return (
    answerDifference(instruction, context) ??
    answerShift(instruction, context) ??
    answerWeekday(instruction, context) ??
    answerCalendar(instruction) ??
    answerToday(instruction, context)
  )
}

function exact(answer: string, explanation = 'Counted on the Gregorian calendar.'): DeterministicAnswer {
  return { tool: 'dates', answer, confidence: 1, explanation }
}

const RELATIVE_DAYS: ReadonlyMap<string, number> = new Map([
  ['today', 0],
  ['now', 0],
  ['tomorrow', 1],
  ['yesterday', -1],
])

/** A written date, or `today`, `tomorrow`, `yesterday` when the present is known. */
function resolveDate(text: string, context: DeterministicContext): CivilDate | undefined {
  const written = readDate(text)
  if (written !== undefined) return written
  const offset = RELATIVE_DAYS.get(text)
  const today = offset === undefined ? undefined : todayOf(context)
  return today === undefined || offset === undefined ? undefined : addDays(today, offset)
}

const OFFSET = /^([+-])(\d{2}):(\d{2})$/

function todayOf({ now, timeZone = 'UTC' }: DeterministicContext): CivilDate | undefined {
  if (now === undefined) return undefined
  if (timeZone === 'UTC') return civilDateOfInstant(now)
  const offset = OFFSET.exec(timeZone)
  if (offset === null) return undefined
  const minutes = Number(offset[2]) * 60 + Number(offset[3])
  return civilDateOfInstant(now + (offset[1] === '-' ? -1 : 1) * minutes * 60_000)
}

const BETWEEN =
  /^(?:(?:how many|calculate the number of|count the|count the number of|what is the number of|find the number of|number of) )?(days|weeks)(?: are| is)?(?: there| it)?(?: are)?(?: apart are| passed| elapsed)? (between|from) (.{6,40}?) (?:and|to|until|till) (.{5,40}?)( inclusive| inclusively|,? including both(?: dates| days)?)?$/
const AFTER_IS = /^how many (days|weeks) (after|before) (.{6,40}?) (?:is|was) (.{5,40}?)$/
const UNTIL = /^how many (days|weeks)(?: are)?(?: there)?(?: are)?(?: left)? (until|till|to|since) (.{6,40}?)$/

function answerDifference(instruction: string, context: DeterministicContext): DeterministicAnswer | undefined {
  const between = BETWEEN.exec(instruction)
  const apart = between === null ? readApart(instruction) : undefined
  if (apart !== undefined) return apart
  const until = between === null ? UNTIL.exec(instruction) : null
  const first = between === null ? todayOf(context) : resolveDate(between[3] ?? '', context)
  const second = between === null ? resolveDate(until?.[3] ?? '', context) : resolveDate(between[4] ?? '', context)
  if (first === undefined || second === undefined) return undefined
  const signed = daysSinceEpoch(second) - daysSinceEpoch(first)
  // "From" and "until" have a direction; "between" has none.
  if (signed < 0 && between?.[2] === 'from') return undefined
  if (until !== null && (until[2] === 'since' ? signed > 0 : signed < 0)) return undefined
  const days = Math.abs(signed) + (between?.[5] === undefined ? 0 : 1)
  const unit = between?.[1] ?? until?.[1]
  if (unit === 'days')
    return exact(
      countOf(days, 'day'),
      between?.[5] === undefined ? 'The second day minus the first.' : 'Both days counted.',
    )
  return days % 7 === 0 ? exact(countOf(days / 7, 'week')) : undefined
}

/** `How many days after 2024-01-01 is 2024-03-01?` */
function readApart(instruction: string): DeterministicAnswer | undefined {
  const match = AFTER_IS.exec(instruction)
  const [first, second] = [readDate(match?.[3] ?? ''), readDate(match?.[4] ?? '')]
  if (first === undefined || second === undefined) return undefined
  const days = (daysSinceEpoch(second) - daysSinceEpoch(first)) * (match?.[2] === 'after' ? 1 : -1)
  if (days < 0 || (match?.[1] === 'weeks' && days % 7 !== 0)) return undefined
  return match?.[1] === 'weeks' ? exact(countOf(days / 7, 'week')) : exact(countOf(days, 'day'))
}

function countOf(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

const AMOUNT = '(\\d{1,5}|an?|one|two|three|four|five|six|seven|eight|nine|ten)'
const SPAN = '(days?|weeks?|months?|years?)'
const DATE_QUESTION =
  "(?:what(?: date| day)? (?:is|was|will be|will it be|would be|comes|will the date be|would the date be)(?: the date)?(?: it)?|what's(?: the date)?|which date is|calculate the date|find the date|the date|date|compute the date) "
const AFTER = new RegExp(
  `^(?:${DATE_QUESTION})?(?:exactly )?${AMOUNT} ${SPAN} (after|from|before|prior to|ago) ?(.{0,40}?)$`,
)
const ADD = new RegExp(`^(add|subtract) ${AMOUNT} ${SPAN} (to|from) (.{6,40}?)$`)
const SIGNED = new RegExp(`^(?:(?:what is|what's|calculate|compute) )?(.{6,40}?) (plus|minus|\\+|-) ${AMOUNT} ${SPAN}$`)
const NUMBER_NAMES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']

type Shift = { readonly amount: string; readonly span: string; readonly sign: 1 | -1; readonly from: string }

function answerShift(instruction: string, context: DeterministicContext): DeterministicAnswer | undefined {
  const shift = readShift(instruction)
  const from = shift === undefined ? undefined : resolveDate(shift.from, context)
  if (shift === undefined || from === undefined) return undefined
  const moved = moveDate(from, shift.sign * readAmount(shift.amount), shift.span)
  return moved === undefined
    ? undefined
    : exact(moved, `${weekdayOf(moved)}, counted from ${from} on the Gregorian calendar.`)
}

function readAmount(text: string): number {
  if (/^an?$/.test(text)) return 1
  const named = NUMBER_NAMES.indexOf(text)
  return named >= 0 ? named : Number(text)
}

function moveDate(from: CivilDate, amount: number, span: string): CivilDate | undefined {
  if (span.startsWith('day')) return addDays(from, amount)
  if (span.startsWith('week')) return addDays(from, 7 * amount)
  return addMonths(from, span.startsWith('month') ? amount : 12 * amount)
}

function readShift(instruction: string): Shift | undefined {
  const after = AFTER.exec(instruction)
  if (after !== null) {
    const [, amount = '', span = '', direction = '', from = ''] = after
    if ((direction === 'ago') !== (from === '')) return undefined
    const isBack = direction === 'before' || direction === 'prior to' || direction === 'ago'
    return { amount, span, sign: isBack ? -1 : 1, from: from === '' ? 'today' : from }
  }
  const add = ADD.exec(instruction)
  if (add !== null) {
    const [, verb = '', amount = '', span = '', preposition = '', from = ''] = add
    if ((verb === 'add') !== (preposition === 'to')) return undefined
    return { amount, span, sign: verb === 'add' ? 1 : -1, from }
  }
  const signed = SIGNED.exec(instruction)
  if (signed === null) return undefined
  const [, from = '', sign = '', amount = '', span = ''] = signed
  return { amount, span, sign: sign === '+' || sign === 'plus' ? 1 : -1, from }
}

const WEEKDAY =
  /^(?:what|which) (?:day of the week|day|weekday) (?:is|was|will|did|does|falls on|fell on) ?(?:it on |be |it be on |it )?(?:the date |date )?(.{5,40}?)(?: be| fall on| fall| land on| on)?$/
const WEEKDAY_OF =
  /^(?:(?:what is|what's|what was|find|determine|calculate|give) )?(?:the )?(?:day of the week|weekday)(?: is)? (?:of|for|on) (?:the date )?(.{5,40})$/
const ON_WEEKDAY =
  /^(?:is|was|did|does|will) (.{5,40}?) (?:fall on |be |land on |on )?an? (monday|tuesday|wednesday|thursday|friday|saturday|sunday)$/

function answerWeekday(instruction: string, context: DeterministicContext): DeterministicAnswer | undefined {
  const asked = WEEKDAY.exec(instruction) ?? WEEKDAY_OF.exec(instruction)
  const date = asked === null ? undefined : resolveDate(asked[1] ?? '', context)
  if (date !== undefined) return exact(weekdayOf(date))
  const claimed = ON_WEEKDAY.exec(instruction)
  const claimedDate = claimed === null ? undefined : resolveDate(claimed[1] ?? '', context)
  if (claimed === null || claimedDate === undefined) return undefined
  return exact(
    weekdayOf(claimedDate).toLowerCase() === claimed[2] ? 'Yes' : 'No',
    `${claimedDate} is a ${weekdayOf(claimedDate)}.`,
  )
}

const LEAP =
  /^(?:is|was|will|check (?:if|whether)|determine (?:if|whether)) (?:the year )?(\d{4}) (?:be |is |was )?a leap[- ]year$/
const MONTH_DAYS =
  /^how many days (?:are |were |will be )?(?:there )?(?:are )?(?:in|does) ([a-z]{3,9}),?(?: of)?(?: (\d{4}))?(?: have)?$/
const YEAR_DAYS = /^how many days (?:are |were |will be )?(?:there )?(?:are )?in (?:the year )?(\d{4})$/
const ISO_WEEK =
  /^(?:(?:what is|what's|find|calculate|determine|give) )?(?:what |which )?(?:the )?iso(?: 8601)? (?:week|week number)(?: number)?(?: is| was)? ?(?:of|for|on|contains)? ?(?:the date )?(.{6,40})$/
const YEAR_DAY =
  /^(?:(?:what is|what's|find|calculate|what) )?(?:the )?(?:day of the year|ordinal date|day number of the year)(?: is| was)? ?(?:of|for|on)? ?(.{6,40})$/

function answerCalendar(instruction: string): DeterministicAnswer | undefined {
  const leap = LEAP.exec(instruction)
  const leapYear = Number(leap?.[1] ?? 0)
  if (leapYear >= 1753) {
    return exact(
      isLeapYear(leapYear) ? 'Yes' : 'No',
      'Gregorian rule: divisible by 4, centuries only when divisible by 400.',
    )
  }
  const yearDays = Number(YEAR_DAYS.exec(instruction)?.[1] ?? 0)
  if (yearDays >= 1753) return exact(isLeapYear(yearDays) ? '366 days' : '365 days')
  return answerMonthDays(instruction) ?? answerIsoWeek(instruction) ?? answerYearDay(instruction)
}

function answerMonthDays(instruction: string): DeterministicAnswer | undefined {
  const match = MONTH_DAYS.exec(instruction)
  const month = match === null ? undefined : readMonth(match[1] ?? '')
  if (match === null || month === undefined) return undefined
  const year = match[2] === undefined ? undefined : Number(match[2])
  // February without a year has two answers.
  if ((year === undefined && month === 2) || (year !== undefined && year < 1753)) return undefined
  return exact(`${daysInMonth(year ?? 2001, month)} days`)
}

function answerIsoWeek(instruction: string): DeterministicAnswer | undefined {
  const match = ISO_WEEK.exec(instruction)
  const date = match === null ? undefined : readDate(match[1] ?? '')
  if (date === undefined) return undefined
  const { year, week } = isoWeekOf(date)
  return exact(
    `Week ${week} of ${year}`,
    'ISO 8601: weeks start on Monday, week 1 holds the first Thursday of the year.',
  )
}

function answerYearDay(instruction: string): DeterministicAnswer | undefined {
  const match = YEAR_DAY.exec(instruction)
  const date = match === null ? undefined : readDate(match[1] ?? '')
  return date === undefined ? undefined : exact(String(dayOfYear(date)), '1 January is day 1.')
}

const TODAY =
  /^what(?:'s| is)? (?:today's date|the date today|the current date|date is it(?: today)?|is today's date|the date of today|date is today)$/
const TOMORROW = /^what(?:'s| is) (tomorrow|yesterday)'s date$/
const TODAY_WEEKDAY = /^(?:what|which) (?:day of the week|weekday|day) is (?:it|today)(?: today)?$/

function answerToday(instruction: string, context: DeterministicContext): DeterministicAnswer | undefined {
  const today = todayOf(context)
  if (today === undefined) return undefined
  const explanation = `The clock of this node, time zone ${context.timeZone ?? 'UTC'}.`
  if (TODAY.test(instruction)) return exact(today, explanation)
  if (TODAY_WEEKDAY.test(instruction)) return exact(weekdayOf(today), explanation)
  const near = TOMORROW.exec(instruction)
  const date = near === null ? undefined : addDays(today, near[1] === 'tomorrow' ? 1 : -1)
  return date === undefined ? undefined : exact(date, explanation)
}
