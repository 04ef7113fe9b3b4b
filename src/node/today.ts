import { civilDateOfInstant, type CivilDate } from '../core/models/civil-date.ts'

/** The calendar day of the system clock, in UTC: prices are valid by day. */
export function todayInUtc(): CivilDate {
  return civilDateOfInstant(Date.now())
}
