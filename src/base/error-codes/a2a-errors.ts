import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of work between agents over A2A. */
export const A2A_ERRORS = {
  A2A_NOT_OPEN: {
    cause: 'Tasks of other agents were asked for while the node is closed, or `a2a.enabled` is false.',
    remedy: 'Set `a2a.enabled` to true, or ask a node that runs.',
    httpStatus: 503,
    isRetryable: false,
  },
  A2A_TASKS_FULL: {
    cause: 'The tenant has as many unfinished tasks as it may have, or as many run as the node runs at one time.',
    remedy: 'Wait for tasks to end, or cancel some; the operator raises `a2a.tasksMax` and `a2a.runningMax`.',
    httpStatus: 429,
    isRetryable: true,
  },
  A2A_PUSH_REFUSED: {
    cause: 'The address for notifications of a task is not a public one, or there are too many of them.',
    remedy:
      'Give an http(s) address of the internet without credentials in it; the operator names hosts of private networks in `a2a.pushHosts`.',
    httpStatus: 400,
    isRetryable: false,
  },
  A2A_TASK_INTERRUPTED: {
    cause:
      'The node stopped, was restarted, or could not reach the store of its fleet while the task was being worked on; or the task was deleted.',
    remedy: 'Send the message again as a new task.',
    httpStatus: 503,
    isRetryable: true,
  },
  A2A_ANSWER_TOO_LARGE: {
    cause: 'What a task made, or what a peer answered, is larger than is kept of one task.',
    remedy: 'Ask for less at one time; the operator raises `a2a.taskBytesMax`.',
    httpStatus: 413,
    isRetryable: false,
  },
  A2A_PEER_UNKNOWN: {
    cause: 'No peer of the configuration has the name.',
    remedy: 'Use one of the names that `kernell a2a peers` shows, or add it under `a2a.peers`.',
    httpStatus: 404,
    isRetryable: false,
  },
  A2A_PEER_FAILED: {
    cause: 'A peer refused a task, broke off, or did not end it in time.',
    remedy: 'Read what it says; a task that took too long may get more time by `timeoutMs` of the peer.',
    httpStatus: 502,
    isRetryable: true,
  },
  A2A_CARD_INVALID: {
    cause: "What is at a peer's address is no card of an agent of A2A 1.0, or names no interface at its own address.",
    remedy: 'Correct `card` of the peer in the configuration; look at it with `kernell a2a card URL`.',
    httpStatus: 502,
    isRetryable: false,
  },
  A2A_CARD_UNTRUSTED: {
    cause: 'No signature of the card of a peer is by the key that is configured for it.',
    remedy: 'Ask its owner, by another way, whether the key has changed, and correct `key` of the peer only then.',
    httpStatus: 502,
    isRetryable: false,
  },
  A2A_SKILL_REFUSED: {
    cause: 'A skill was asked for that the peer has not, or that the configuration does not allow of it.',
    remedy: 'Ask for a skill of its card that `skills` of the peer names.',
    httpStatus: 403,
    isRetryable: false,
  },
  A2A_PAYMENT_CLOSED: {
    cause: 'A skill with a price was asked for, or a peer was to be paid, while the node takes no part in the market.',
    remedy: 'Run `kernell node` with an escrow key and a notary set; `kernell serve` neither pays nor is paid.',
    httpStatus: 503,
    isRetryable: false,
  },
  A2A_PAYMENT_INVALID: {
    cause: 'What was shown as a payment, or asked for as one, is not of its form, or its evidence is not what it says.',
    remedy: 'Show `kernell escrow export` of the contract as it is; of a peer that asks so, tell its operator.',
    httpStatus: 400,
    isRetryable: false,
  },
  A2A_PAYMENT_OTHER: {
    cause: 'The contract is of somebody else, for other work, at less than the price, or in another currency.',
    remedy: 'Sign a contract for the input, price and currency that the task asks for.',
    httpStatus: 402,
    isRetryable: false,
  },
  A2A_PAYMENT_USED: {
    cause: 'The contract pays for another task.',
    remedy: 'Sign a contract for this task; each one pays for one task.',
    httpStatus: 402,
    isRetryable: false,
  },
  A2A_PAYMENT_ENDED: {
    cause: 'The contract has ended without a delivery: nothing of it is paid.',
    remedy: 'Send the task anew, and sign another contract for it.',
    httpStatus: 402,
    isRetryable: false,
  },
  A2A_PAYMENT_UNHELD: {
    cause: 'The notary set does not hold the price, or the evidence does not show that it does.',
    remedy:
      'Show the contract once its hold is certified; where the set refuses it, see that the account has the price.',
    httpStatus: 402,
    isRetryable: true,
  },
  A2A_PAYMENT_REFUSED: {
    cause:
      'A peer asks for more than was allowed, in another currency, or for something else than its signed card says.',
    remedy: 'Allow more with `--pay`, or name the currency with `--currency`, where you agree; nothing was paid.',
    httpStatus: 402,
    isRetryable: false,
  },
  A2A_PAID_WORK_FAILED: {
    cause: 'Paid work failed after the price was held, or what a peer answered is not what it delivered.',
    remedy:
      'Where nothing was delivered the price comes back when the time of the contract is over; `kernell escrow show CONTRACT` tells.',
    httpStatus: 502,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
