import type { ErrorCodeEntry } from './error-code-entry.ts'

const SEE_REFUSALS = '`details.refusals` names each step and place.'

/** Codes of text that is not trusted, and of plans that were made with it. */
export const FIREWALL_ERRORS = {
  UNTRUSTED_TEXT_REFUSED: {
    cause: 'A text of a tool, a document or a peer tries to give the model orders.',
    remedy:
      'Leave that text out, or read it yourself: `details.texts` says whose it is, its score and the rules it matches. `untrusted` in the configuration says what is refused.',
    httpStatus: 403,
    isRetryable: false,
  },
  FIREWALL_PLAN_INVALID: {
    cause: 'A plan is malformed: too large, or an id occurs twice.',
    remedy: `Correct the plan. ${SEE_REFUSALS}`,
    httpStatus: 400,
    isRetryable: false,
  },
  FIREWALL_DATA_UNDECLARED: {
    cause: 'A step of a plan uses data or a sink that the plan does not declare.',
    remedy: `Declare what the step uses, with its kind and place. ${SEE_REFUSALS}`,
    httpStatus: 403,
    isRetryable: false,
  },
  FIREWALL_SOURCE_FORGED: {
    cause: 'A plan says of a source that it is more trustworthy or less private than the policy knows.',
    remedy: `Declare it as it is, or let the operator change the policy. ${SEE_REFUSALS}`,
    httpStatus: 403,
    isRetryable: false,
  },
  FIREWALL_SINK_UNDECLARED: {
    cause: 'A plan sends something to a place that the policy does not know.',
    remedy: `Let the operator add a rule for the place. ${SEE_REFUSALS}`,
    httpStatus: 403,
    isRetryable: false,
  },
  FIREWALL_NOT_CLEARED: {
    cause: 'A plan sends something to a place that is not cleared for data so confidential.',
    remedy: `Send less, or have the step approved. ${SEE_REFUSALS}`,
    httpStatus: 403,
    isRetryable: false,
  },
  FIREWALL_EXFILTRATION: {
    cause: 'Private data would leave in a step in which text from outside had a say.',
    remedy: `Keep the two apart, or have the step approved by somebody who has read it. ${SEE_REFUSALS}`,
    httpStatus: 403,
    isRetryable: false,
  },
  FIREWALL_UNTRUSTED_EXECUTION: {
    cause: 'Something made of text from outside would be executed.',
    remedy: `Have the step approved by somebody who has read what is to run. ${SEE_REFUSALS}`,
    httpStatus: 403,
    isRetryable: false,
  },
  PLAN_STEP_FAILED: {
    cause: 'A step of a plan came to nothing: a program ended badly, or a document was not there.',
    remedy: 'Read the message; what the steps before have stored is there.',
    httpStatus: 502,
    isRetryable: false,
  },
  FIREWALL_STATE_INVALID: {
    cause: 'What is known of stored data is damaged, so nothing stored can be taken for harmless.',
    remedy: 'Restore the data directory from a backup.',
    httpStatus: 500,
    isRetryable: false,
  },
  APPROVAL_INVALID: {
    cause: 'An approval was not made by this node, was changed, or would hold for longer than a day.',
    remedy: 'Have the plan approved again.',
    httpStatus: 403,
    isRetryable: false,
  },
  APPROVAL_EXPIRED: {
    cause: 'An approval has expired.',
    remedy: 'Have the plan approved again.',
    httpStatus: 403,
    isRetryable: false,
  },
  APPROVAL_OTHER_PLAN: {
    cause: 'An approval was given for another plan, or this one was changed since.',
    remedy: 'Have the plan approved as it is now.',
    httpStatus: 403,
    isRetryable: false,
  },
  APPROVAL_USED: {
    cause: 'An approval was used before; it serves once.',
    remedy: 'Have the plan approved again.',
    httpStatus: 403,
    isRetryable: false,
  },
  APPROVAL_MEMORY_FULL: {
    cause: 'More used approvals are remembered than there is room for.',
    remedy: 'Try again when some have expired.',
    httpStatus: 503,
    isRetryable: true,
  },
} as const satisfies Record<string, ErrorCodeEntry>
