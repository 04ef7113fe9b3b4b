import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of organisations, tenants, teams and keys that are managed while a node runs, and of what they used. */
export const ACCESS_ERRORS = {
  ACCESS_ENTRY_UNKNOWN: {
    cause: 'There is no such organisation, tenant, team, key or budget, or it is not one that the caller manages.',
    remedy: 'Take the id from a list: `kernell access key list`, or `GET /v1/admin/keys`.',
    httpStatus: 404,
    isRetryable: false,
  },
  ACCESS_ENTRY_EXISTS: {
    cause: 'An organisation, tenant, team, key or budget of that name is there already.',
    remedy: 'Choose another name, or change the one that is there.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACCESS_ENTRY_CONFIGURED: {
    cause: 'What was to be changed stands in the configuration of the node, which is read when it starts.',
    remedy: 'Change `keys` or `budgets` in the configuration file, and start the node again.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACCESS_ENTRY_IN_USE: {
    cause: 'An organisation, tenant or team is removed only when nothing is in it.',
    remedy: 'Remove its keys, teams and tenants first, or disable it: then none of its keys is taken.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACCESS_ENTRY_CHANGED: {
    cause: 'Somebody else changed it since the revision that the change names.',
    remedy: 'Read it again, and make the change to what it is now.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACCESS_KEY_REVOKED: {
    cause: 'A revoked key stays revoked: it is neither changed nor given a new secret.',
    remedy: 'Create another key.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACCESS_FULL: {
    cause: 'As many organisations, tenants, teams and keys are kept as a node keeps, or as one tenant may have.',
    remedy: 'Remove keys that were revoked or have expired.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACCESS_RATE_LIMITED: {
    cause:
      'A limit of requests or tokens a minute, or of requests at a time, is reached for a key or for what it is in.',
    remedy: 'Wait as long as `retry-after` says, or have the limit raised.',
    httpStatus: 429,
    isRetryable: true,
  },
  ACCESS_OUTDATED: {
    cause:
      'The server of the shared store has not answered for longer than `storage.staleMs`, so that nobody can say whether a key was revoked.',
    remedy: 'Start the server or repair the way to it. Keys of the configuration are taken meanwhile.',
    httpStatus: 503,
    isRetryable: true,
  },
  USAGE_NOT_KEPT: {
    cause: 'The node keeps no records of tasks, so there is nothing that usage could be counted from.',
    remedy: 'Set `telemetry.consent` to true; usage is known from then on.',
    httpStatus: 409,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
