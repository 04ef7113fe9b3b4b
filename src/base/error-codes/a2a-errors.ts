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
    cause: 'The node stopped or was restarted while the task was being worked on.',
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
} as const satisfies Record<string, ErrorCodeEntry>
