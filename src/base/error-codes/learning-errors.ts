import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of policies: training, registry and rollout. */
export const LEARNING_ERRORS = {
  POLICY_ADVICE_FAILED: {
    cause: 'The policy adviser (another node, or a model of this machine) gave no usable decision.',
    remedy: 'Nothing has to be done: the node decided alone. Check `policy.pro` or `policy.lite` if it goes on.',
    httpStatus: 502,
    isRetryable: true,
  },
  POLICY_ARTEFACT_INVALID: {
    cause: 'The file of a trained policy is broken, was changed, or was trained for other features.',
    remedy: 'Train it again with `kernell eval routing --save FILE`, or start without --policy.',
    httpStatus: 500,
    isRetryable: false,
  },
  POLICY_UNKNOWN: {
    cause: 'No trained policy of this version is registered in the data directory.',
    remedy: 'See `kernell policy list` for the versions, or train one with `kernell policy train`.',
    httpStatus: 404,
    isRetryable: false,
  },
  POLICY_DAMAGED: {
    cause: 'A registered policy is not what was registered: its bytes on the disk were changed or lost.',
    remedy: 'Register the file again, or remove the version with `kernell policy remove VERSION --yes`.',
    httpStatus: 500,
    isRetryable: false,
  },
  POLICY_REGISTRY_FULL: {
    cause: 'The registry holds as many policies, or as many bytes of them, as it may.',
    remedy: 'Remove versions that nobody serves with `kernell policy remove VERSION --yes`.',
    httpStatus: 409,
    isRetryable: false,
  },
  POLICY_GATE_MISSING: {
    cause: 'The policy has no signed gate report of this node that says it is better than the one that serves.',
    remedy: 'Run `kernell policy evaluate VERSION --data FILE --gate` and promote it again.',
    httpStatus: 409,
    isRetryable: false,
  },
  POLICY_TRAINED_ON_TEST: {
    cause: 'Rows that the gate was to judge by are of tasks that the policy was trained on.',
    remedy: 'Judge it by tasks that it has not seen: `kernell data split` divides a file by task before training.',
    httpStatus: 409,
    isRetryable: false,
  },
  POLICY_ROLLOUT_REFUSED: {
    cause: 'The rollout cannot take this step from the stage that it is in.',
    remedy: 'See `kernell policy status` for the stage and what may follow.',
    httpStatus: 409,
    isRetryable: false,
  },
  POLICY_IN_USE: {
    cause: 'The policy serves, is being tried, or is what a rollback would go back to.',
    remedy: 'Promote another one first, or roll back; see `kernell policy status`.',
    httpStatus: 409,
    isRetryable: false,
  },
  POLICY_FORMAT_NEWER: {
    cause: 'The file of a trained policy was written by a newer version.',
    remedy: 'Update kernell-os, or train the policy again with this version.',
    httpStatus: 500,
    isRetryable: false,
  },
  TRAINING_DATA_INVALID: {
    cause: 'A data file has a row that is not of the documented form, or lacks what the command needs.',
    remedy: 'Correct the row that the message names, or give a file that has the models and labels asked for.',
    httpStatus: 400,
    isRetryable: false,
  },
  INJECTION_MODEL_INVALID: {
    cause: 'The injection model file is damaged, of another version, or cannot be read.',
    remedy:
      'Train it again with `kernell eval injection --train ... --test ... --save FILE`, or start without `--injection-model`: the rules work without it.',
    httpStatus: 500,
    isRetryable: false,
  },
  TRAINING_DATA_TOO_LARGE: {
    cause: 'The rows of a training run do not fit into the 4 GiB that the kernels can hold.',
    remedy: 'Train on fewer rows; `kernell data split` draws a part by the hash of the tasks.',
    httpStatus: 413,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
