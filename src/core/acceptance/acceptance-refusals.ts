type RefusalEntry = { readonly cause: string; readonly remedy: string }

/** Why a predicate or a rejection is not taken. */
export const ACCEPTANCE_REFUSALS = {
  ACCEPTANCE_PREDICATE_MALFORMED: {
    cause: 'The predicate is not one of the forms that are listed, or a number, name or pattern in it is out of range.',
    remedy: 'Write it in the forms of the specification.',
  },
  ACCEPTANCE_PREDICATE_LARGE: {
    cause: 'The predicate is nested deeper, or has more nodes or bytes, than is evaluated.',
    remedy: 'Split the task, or check less per milestone.',
  },
  ACCEPTANCE_REJECT_UNNAMED: {
    cause: 'The rejection names no part of the predicate, or one that is not there.',
    remedy: 'Name the parts that failed by their paths.',
  },
  ACCEPTANCE_REJECT_UNFOUNDED: {
    cause: 'A part that the rejection names has passed on the same facts, or the whole predicate has.',
    remedy: 'Accept, or dispute with evidence that changes the facts.',
  },
} as const satisfies Record<string, RefusalEntry>

export type AcceptanceRefusalCode = keyof typeof ACCEPTANCE_REFUSALS
