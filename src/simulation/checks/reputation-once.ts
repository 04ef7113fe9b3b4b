/** What somebody's books say of another party in one role, and what they may be made of. */
export type CountedStanding = {
  readonly books: string
  readonly subject: string
  readonly role: string
  /** Contracts that the standing is made of, by its own word. */
  readonly counted: number
  /** Contracts of the two, in these roles, that have ended. */
  readonly ended: number
}

/** A contract changes what is known of each party once: no standing is made of more contracts than there were. */
export function reputationCountedOnce({ books, subject, role, counted, ended }: CountedStanding): string | undefined {
  if (counted <= ended) return undefined
  return `the books of ${books} count ${counted} contracts of ${subject} as ${role}, and ${ended} have ended`
}
