/** Why a delegation refuses an event; a refusal changes nothing. */
export const DELEGATION_CODES = {
  DELEGATION_STATE_WRONG: {
    cause: 'The message has no meaning in the state of the task.',
    remedy: 'Ask for the state and send what it waits for.',
  },
  DELEGATION_SIGNER_WRONG: {
    cause: 'The message is signed by somebody who may not send it.',
    remedy: 'Have it signed by the payer or the worker, as the page says.',
  },
  DELEGATION_OTHER: {
    cause: 'The message belongs to another request.',
    remedy: 'Name the request that it answers.',
  },
  DELEGATION_STAMP_BACKWARD: {
    cause: 'The stamp is smaller than the one before.',
    remedy: 'Give events in the order of their stamps.',
  },
  DELEGATION_REQUEST_INVALID: {
    cause: 'The deadlines of the request do not follow one another, or it is older than its first one.',
    remedy: 'Sign a request with answerBy before finishBy, both ahead.',
  },
  DELEGATION_LATE: {
    cause: 'The stamp is at or behind the deadline; a message is effective only before it.',
    remedy: 'None for this request.',
  },
  DELEGATION_PROGRESS_OLD: {
    cause: 'A later sign of progress is known.',
    remedy: 'None is needed.',
  },
  DELEGATION_PART_ORDER: {
    cause: 'Parts come in their order, each once, from 0.',
    remedy: 'Send the part that follows the last one taken.',
  },
  DELEGATION_PARTS_FULL: {
    cause: 'As many parts as a result may have are in.',
    remedy: 'Send larger parts, or the result.',
  },
  DELEGATION_PARTS_MISSING: {
    cause: 'The result counts other parts than were sent.',
    remedy: 'Send the missing parts first.',
  },
  DELEGATION_TIMER_EARLY: {
    cause: 'The timer fired before its instant.',
    remedy: 'Fire it when the stamp has reached the instant.',
  },
  DELEGATION_TIMER_UNKNOWN: {
    cause: 'The timer is not running in this state.',
    remedy: 'None is needed: it fired before or was replaced.',
  },
} as const satisfies Record<string, { readonly cause: string; readonly remedy: string }>

export type DelegationCode = keyof typeof DELEGATION_CODES
