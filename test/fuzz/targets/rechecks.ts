import type { Target } from '../target.ts'

type Recheck = NonNullable<Target['recheck']>

/** What else must hold of what a decoder has taken, by its name. */
export const RECHECKS: Readonly<Record<string, Recheck>> = {}
