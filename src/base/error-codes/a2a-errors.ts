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
} as const satisfies Record<string, ErrorCodeEntry>
