import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of HTTP in front of a node. */
export const GATEWAY_ERRORS = {
  DOCUMENTS_FULL: {
    cause: 'A file, a batch or a response would not fit into what a tenant may keep on the node.',
    remedy: 'Delete files and batches that are no longer needed, or send less at once.',
    httpStatus: 409,
    isRetryable: false,
  },
  DOCUMENT_UNKNOWN: {
    cause:
      'This tenant has no response, file or batch of that name: it was not kept, has expired, was deleted, or is of another tenant.',
    remedy: 'Take the id from the answer that created it; responses are kept unless `store` is false.',
    httpStatus: 404,
    isRetryable: false,
  },
  DOCUMENT_STATE_REFUSED: {
    cause: 'What was asked does not fit the state of the response or batch, for example to cancel one that has ended.',
    remedy: 'Look at its `status` first.',
    httpStatus: 409,
    isRetryable: false,
  },
  IDEMPOTENCY_KEY_REUSED: {
    cause: 'The same idempotency key came with another request before.',
    remedy: 'Send a new key with each new request, and the same one only when a request is sent again unchanged.',
    httpStatus: 422,
    isRetryable: false,
  },
  FEEDBACK_NOT_KEPT: {
    cause: 'Feedback was sent to a node that keeps no records, so there is nothing that it could be kept with.',
    remedy: 'Set `telemetry.consent` to true where records and feedback may be kept.',
    httpStatus: 409,
    isRetryable: false,
  },
  FEEDBACK_TASK_UNKNOWN: {
    cause:
      'The feedback names a task or a trace of which this tenant has no record: it never ran, is of another tenant, or was deleted.',
    remedy:
      'Take the id from `x-kernell-task-id` or from the `traceparent` of the request, and send feedback when the answer is complete.',
    httpStatus: 404,
    isRetryable: false,
  },
  GATEWAY_ADMIN_REFUSED: {
    cause:
      'The endpoints below /v1/admin want the admin token of the node, or a key with the role admin. The token is taken from this machine, and from others only where the node listens to them.',
    remedy:
      'Send `Authorization: Bearer TOKEN`; the token is in the file `admin-token` of the data directory, which `kernell serve` names.',
    httpStatus: 401,
    isRetryable: false,
  },
  GATEWAY_CONTROL_REFUSED: {
    cause:
      'The control endpoint answers commands of this machine that bring the token of the running node, and nobody else.',
    remedy: 'Use the command line on the machine of the node, as the user that started it.',
    httpStatus: 403,
    isRetryable: false,
  },
  GATEWAY_KEYS_REQUIRED: {
    cause: 'The gateway was told to listen beyond this machine, but no API key is configured.',
    remedy:
      'Create one with `kernell access key create`, add one to `keys` in the configuration file, or listen on 127.0.0.1.',
    httpStatus: 500,
    isRetryable: false,
  },
  GATEWAY_LISTEN_FAILED: {
    cause: 'The address of the gateway cannot be opened: it is in use, not of this machine, or not permitted.',
    remedy: 'Choose another port with `--port`, or stop the process that holds it.',
    httpStatus: 500,
    isRetryable: false,
  },
  GATEWAY_ROLE_REFUSED: {
    cause:
      'The role of the API key does not allow what was asked: a viewer asks no model, a member reads no figures of the node.',
    remedy:
      'Use a key with one of the roles that `details.roles` names; `role` of a key is set in the configuration, or with `kernell access key update`.',
    httpStatus: 403,
    isRetryable: false,
  },
  GATEWAY_KEY_INVALID: {
    cause: 'The request carries no API key, or one that is unknown, revoked, disabled or over.',
    remedy: 'Send `Authorization: Bearer KEY` with a key of this node.',
    httpStatus: 401,
    isRetryable: false,
  },
  GATEWAY_FOREIGN_ORIGIN: {
    cause: 'The request came through a web page or a host name that this node does not serve.',
    remedy: 'Call the node by its own address, or allow the host or origin where the gateway is created.',
    httpStatus: 403,
    isRetryable: false,
  },
  GATEWAY_BODY_TOO_LARGE: {
    cause: 'The body of the request is longer than the node accepts.',
    remedy: 'Send less, or raise `server.bodyBytesMax` in the configuration.',
    httpStatus: 413,
    isRetryable: false,
  },
  GATEWAY_MEDIA_TYPE: {
    cause: 'The body is not sent as plain JSON.',
    remedy: 'Send `Content-Type: application/json` and no `Content-Encoding`.',
    httpStatus: 415,
    isRetryable: false,
  },
  NODE_NOT_SERVING: {
    cause: 'No node serves from the data directory.',
    remedy: 'Start one with `kernell serve`, or name its directory with `--data-dir`.',
    httpStatus: 503,
    isRetryable: true,
  },
  GATEWAY_TICKET_INVALID: {
    cause: 'The link to the dashboard was used before, has expired, or is of an earlier start of the node.',
    remedy: 'Run `kernell dashboard` on the machine of the node: it prints a new link, which works once.',
    httpStatus: 401,
    isRetryable: false,
  },
  VIEW_SUBJECT_UNKNOWN: {
    cause: 'What was to be looked at is not known to the node: it is of before its start, has ended, or never was.',
    remedy: 'Open the list that it is from again; tasks are remembered since the node started, the newest 10,000.',
    httpStatus: 404,
    isRetryable: false,
  },
  GATEWAY_PATH_UNKNOWN: {
    cause: 'The gateway has nothing at this path.',
    remedy: 'Use one of the paths that `GET /` lists; clients want a base URL that ends in `/v1`.',
    httpStatus: 404,
    isRetryable: false,
  },
  GATEWAY_METHOD_UNKNOWN: {
    cause: 'The path exists, but not with this method.',
    remedy: 'Use the method that the header `allow` of the answer names.',
    httpStatus: 405,
    isRetryable: false,
  },
  GATEWAY_OVERLOADED: {
    cause: 'As many requests as are allowed are being served already.',
    remedy: 'Send the request again after the time in `retry-after`, or raise `server.concurrentRequestsMax`.',
    httpStatus: 429,
    isRetryable: true,
  },
  GATEWAY_TIMEOUT: {
    cause: 'The request, escalations included, took longer than the node allows.',
    remedy: 'Ask for a shorter answer or a faster tier, or raise `server.requestTimeoutMs`.',
    httpStatus: 504,
    isRetryable: true,
  },
  GATEWAY_STOPPING: {
    cause: 'The node is stopping and takes no more requests.',
    remedy: 'Send the request to another node, or again after the restart.',
    httpStatus: 503,
    isRetryable: true,
  },
  MCP_SESSIONS_FULL: {
    cause: 'As many sessions of the Model Context Protocol are open and in use as the key, or the node, may have.',
    remedy: 'End a session that is not needed (DELETE /mcp), or ask by revision 2026-07-28, which needs none.',
    httpStatus: 429,
    isRetryable: true,
  },
  MCP_CALLS_SPENT: {
    cause: 'The task has called the tools of a server as often as it may.',
    remedy: 'Raise `limits.callsPerTask` of the server in `mcp.servers`, or split the task.',
    httpStatus: 429,
    isRetryable: false,
  },
  MCP_RESULT_TOO_LARGE: {
    cause: 'A tool of an MCP server brought more than one call may bring.',
    remedy: 'Ask the tool for less, or raise `limits.resultBytesMax` of the server in `mcp.servers`.',
    httpStatus: 502,
    isRetryable: false,
  },
  MCP_SERVER_MISBEHAVED: {
    cause:
      'An MCP server sent what is not of the protocol, refused the call, or brought another result than its own schema promises.',
    remedy: 'Look at the server with `kernell mcp servers`, and at its own log; nothing of the answer was used.',
    httpStatus: 502,
    isRetryable: false,
  },
  MCP_SERVER_TIMEOUT: {
    cause: 'An MCP server did not answer in the time that it has.',
    remedy: 'Try again, or raise `limits.timeoutSeconds` of the server in `mcp.servers`.',
    httpStatus: 504,
    isRetryable: true,
  },
  MCP_SERVER_UNAVAILABLE: {
    cause: 'An MCP server could not be started or reached, or ended during the call.',
    remedy:
      '`kernell mcp servers` says why; check `command` or `url` of the server, and the variables that it is given.',
    httpStatus: 502,
    isRetryable: true,
  },
  MCP_SERVER_UNKNOWN: {
    cause: 'A tool of an MCP server was asked for that is not configured.',
    remedy: 'Name one of `mcp.servers` in the configuration.',
    httpStatus: 404,
    isRetryable: false,
  },
  MCP_TOOL_REFUSED: {
    cause: 'The operator does not allow the tool of the MCP server, or not for this agent.',
    remedy: 'Add it to `tools` of the server, and to `agents` where that names the agent.',
    httpStatus: 403,
    isRetryable: false,
  },
  MCP_TOOL_UNKNOWN: {
    cause: 'The MCP server does not offer the tool, though it may be called.',
    remedy: '`kernell mcp servers` lists what the server offers.',
    httpStatus: 404,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
