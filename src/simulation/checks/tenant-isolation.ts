/** Whose an answer is, in the words of the world: those who serve models write into it for whom it was made. */
export type MarkedAnswer = {
  /** Where it was found: an answer, a stored one, a record. */
  readonly where: string
  /** Whom it was given to, or kept for. */
  readonly tenant: string
  /** For whom it was made; several where several were written into it. */
  readonly madeFor: readonly string[]
}

/** What was made for one tenant is given to no other, and kept for no other. */
export function answerIsOwn({ where, tenant, madeFor }: MarkedAnswer): string | undefined {
  const other = madeFor.find((each) => each !== tenant)
  return other === undefined ? undefined : `${where} of ${tenant} was made for ${other}`
}

/** A record names the tenant whose task it is about, and is shown to that one alone. */
export function recordIsOwn(record: {
  readonly task: string
  /** Whom it names, and who was shown it. */
  readonly named: string | null
  readonly shownTo: string
  /** Who asked. */
  readonly owner: string
}): string | undefined {
  const { task, named, shownTo, owner } = record
  if (named !== owner) return `the record of ${task} is kept for ${named ?? 'nobody'}, and ${owner} asked`
  return shownTo === owner ? undefined : `the record of ${task} is shown to ${shownTo}, and ${owner} asked`
}
