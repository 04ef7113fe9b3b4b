/** One row of the table: what the code means, what to do, what HTTP says, whether the same call may succeed later. */
export type ErrorCodeEntry = {
  readonly cause: string
  readonly remedy: string
  readonly httpStatus: number
  readonly isRetryable: boolean
}

/**
 * Every coded error of the project, grouped by area. A code never changes its meaning within a major version; messages may.
 * The table in the README is made from this one, and a test holds the two together.
 */
export const ERROR_CODES = {
  INTERNAL_ERROR: {
    cause: 'The program met a state that it does not know.',
    remedy: 'Report it with the trace id; the request was not charged unless its record says so.',
    httpStatus: 500,
    isRetryable: false,
  },
  CONFIG_INVALID: {
    cause: 'The configuration file, an environment variable or a flag has an unknown key or a wrong value.',
    remedy: 'Correct the key that the message names; `kernell init` writes a commented example.',
    httpStatus: 500,
    isRetryable: false,
  },
  COMMAND_INVALID: {
    cause: 'The command line names an unknown command or flag, or a value is missing or wrong.',
    remedy: 'Run `kernell help`, or `kernell help COMMAND` for its flags.',
    httpStatus: 400,
    isRetryable: false,
  },
  ROUTER_NO_MODEL: {
    cause: 'No model is configured that may answer this request.',
    remedy:
      'Set OPENAI_API_KEY or ANTHROPIC_API_KEY, start a local server such as Ollama, or name models in the configuration file.',
    httpStatus: 503,
    isRetryable: false,
  },
  ROUTER_NO_CAPABLE_MODEL: {
    cause: 'Models are configured, but none has everything that the request needs.',
    remedy: 'Add a model with the capability that the message names, or drop that need from the request.',
    httpStatus: 422,
    isRetryable: false,
  },
  ROUTER_NOT_ALLOWED: {
    cause: 'Models are configured, but the request, its key or its route excludes every one that could begin.',
    remedy:
      '`x-kernell-allow` (`--allow`, `--local-only`), the key or the route excludes every model that could answer: allow one of them, or ask for another route.',
    httpStatus: 422,
    isRetryable: false,
  },
  ROUTER_MODEL_UNKNOWN: {
    cause: 'The request names a model that the registry does not have, or has without a provider that serves it.',
    remedy: 'Ask for one of the names that `kernell models list` or GET /v1/models prints.',
    httpStatus: 404,
    isRetryable: false,
  },
  ROUTER_PRICE_UNKNOWN: {
    cause: 'The request is under a budget, and no model that could answer has a known price.',
    remedy: 'Give the model a price in the configuration file or import a price list with `kernell models import`.',
    httpStatus: 422,
    isRetryable: false,
  },
  ROUTER_COST_CAP: {
    cause: 'No model can answer within the cost that the request allows.',
    remedy: 'Raise the cap (`x-kernell-max-cost-usd`), shorten the prompt, or allow a cheaper tier.',
    httpStatus: 422,
    isRetryable: false,
  },
  ROUTER_QUALITY_BOUND: {
    cause: 'No model that may answer is expected to reach the quality that the request asks for.',
    remedy:
      'Lower the bound (`x-kernell-quality`) to what the message names, drop it, or allow more models, a higher cost or escalation.',
    httpStatus: 422,
    isRetryable: false,
  },
  POLICY_ADVICE_FAILED: {
    cause: 'The policy adviser (another node, or a model of this machine) gave no usable decision.',
    remedy: 'Nothing has to be done: the node decided alone. Check `policy.pro` or `policy.lite` if it goes on.',
    httpStatus: 502,
    isRetryable: true,
  },
  ROUTER_ALL_FAILED: {
    cause: 'Every candidate was tried and failed or was refused by the verifier.',
    remedy: 'Look at `attempts` for the reason of each; retry later or allow a higher tier.',
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
  TRAINING_DATA_TOO_LARGE: {
    cause: 'The rows of a training run do not fit into the 4 GiB that the kernels can hold.',
    remedy: 'Train on fewer rows; `kernell data split` draws a part by the hash of the tasks.',
    httpStatus: 413,
    isRetryable: false,
  },
  DATA_LEAKAGE: {
    cause: 'A feature field or a prompt of the dataset holds what is known only after the task was carried out.',
    remedy:
      'Remove the field that the message names from the features or the metadata of the records, and build again.',
    httpStatus: 422,
    isRetryable: false,
  },
  DATA_INPUT_CHANGED: {
    cause: 'A data file or the records changed while they were read; they are read twice.',
    remedy: 'Give a file that nobody writes to, not a pipe, and run the command again.',
    httpStatus: 409,
    isRetryable: true,
  },
  REQUEST_INVALID: {
    cause: 'The request is not well formed.',
    remedy: 'Correct the field that the message names.',
    httpStatus: 400,
    isRetryable: false,
  },
  REQUEST_ABORTED: {
    cause: 'The caller went away or its deadline passed.',
    remedy: 'Send the request again, with a longer deadline if it was too short.',
    httpStatus: 499,
    isRetryable: true,
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
  CACHE_CALIBRATION_INVALID: {
    cause: 'The cache calibration file is damaged, of another version, or made with another embedder.',
    remedy:
      'Train it again with `kernell eval cache --train ... --test ... --save FILE`, or start without `--cache-calibration`: the exact tier works without it.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_NOT_OPEN: {
    cause: 'The store or journal was used before it was opened or after it was closed.',
    remedy: 'Keep the node running while requests are served; a stopped node must be started again.',
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_LOCKED: {
    cause: 'Another process has the data directory open.',
    remedy: 'Stop the other `kernell` process, or name another directory with `--data-dir`.',
    httpStatus: 503,
    isRetryable: false,
  },
  STORE_CORRUPTED: {
    cause: 'Stored bytes failed their checksum in a place where an interrupted write cannot explain it.',
    remedy:
      'Restore the data directory from a backup, or move the damaged part that the message names aside and start again.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_WRITE_FAILED: {
    cause: 'The disk refused a write or a sync; what was to be stored may or may not be found after a restart.',
    remedy: 'Free or replace the disk, then restart the node.',
    httpStatus: 503,
    isRetryable: false,
  },
  STORE_OVERLOADED: {
    cause: 'More writes wait for the disk than are held in memory.',
    remedy: 'Send the request again after a moment; a faster disk raises the limit.',
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_READ_FAILED: {
    cause: 'The disk refused a read.',
    remedy: 'Check the disk and the permissions of the data directory.',
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_FILE_MISSING: {
    cause: 'A file or folder that should exist is missing.',
    remedy: 'Restore the data directory from a backup, or check the path that the message names.',
    httpStatus: 500,
    isRetryable: false,
  },
  STORE_FORMAT_NEWER: {
    cause: 'The data directory was written by a newer version of this package.',
    remedy: 'Run that version or a newer one, or name another directory with `--data-dir`; nothing was changed.',
    httpStatus: 500,
    isRetryable: false,
  },
  LOG_POISONED: {
    cause: 'An earlier write or sync of the journal failed, so nothing more is accepted on this handle.',
    remedy: 'Free or replace the disk, then restart the node: it keeps what really reached the disk.',
    httpStatus: 503,
    isRetryable: false,
  },
  BUDGET_EXCEEDED: {
    cause: 'The call could cost more than is left of a budget.',
    remedy: 'Raise the limit that the message names, wait for its window to end, or allow a cheaper tier.',
    httpStatus: 402,
    isRetryable: false,
  },
  BUDGET_OVERLOADED: {
    cause: 'More reservations wait for the budget owner than its queue holds.',
    remedy: 'Send the request again after a moment.',
    httpStatus: 503,
    isRetryable: true,
  },
  TELEMETRY_PACKAGE_MISSING: {
    cause: 'Trace export is asked for, but an optional OpenTelemetry package is not installed.',
    remedy:
      'Run `npm install @opentelemetry/sdk-trace-base @opentelemetry/exporter-trace-otlp-http`, or unset OTEL_EXPORTER_OTLP_ENDPOINT.',
    httpStatus: 500,
    isRetryable: false,
  },
  OUTBOUND_NOT_ALLOWED: {
    cause:
      'The process was asked to connect to an address that the operator did not configure, or by a URL that is not plain http(s).',
    remedy: 'Add the base URL to the configuration if the connection is wanted.',
    httpStatus: 403,
    isRetryable: false,
  },
  OUTBOUND_UNREACHABLE: {
    cause: 'A server could not be reached, or the connection broke.',
    remedy: 'Check that the server runs and that its base URL is right.',
    httpStatus: 502,
    isRetryable: true,
  },
  OUTBOUND_TIMEOUT: {
    cause: 'A server did not accept the connection, answer, or go on with its answer in time.',
    remedy: 'Retry later, or raise the timeout in the configuration.',
    httpStatus: 504,
    isRetryable: true,
  },
  OUTBOUND_RESPONSE_TOO_LARGE: {
    cause: 'A server sent more than the accepted size.',
    remedy: 'Raise the size limit in the configuration if answers of this size are expected.',
    httpStatus: 502,
    isRetryable: false,
  },
  MODEL_UNREACHABLE: {
    cause: 'The provider of a model could not be reached, or the connection broke before the answer was complete.',
    remedy:
      'Check that the provider runs and that its base URL is right; `kernell models probe` shows which local servers answer.',
    httpStatus: 502,
    isRetryable: true,
  },
  MODEL_TIMEOUT: {
    cause: 'The provider of a model did not answer in time.',
    remedy: 'Retry later, allow a faster model, or raise the provider timeout in the configuration.',
    httpStatus: 504,
    isRetryable: true,
  },
  MODEL_AUTH_FAILED: {
    cause: 'The provider refused the API key, or the key may not use this model.',
    remedy: "Set the provider's key, for example OPENAI_API_KEY, and check what it may use.",
    httpStatus: 502,
    isRetryable: false,
  },
  MODEL_PAYMENT_REQUIRED: {
    cause: 'The account at the provider has no credit left.',
    remedy: 'Top up the account at the provider, or allow another provider.',
    httpStatus: 502,
    isRetryable: false,
  },
  MODEL_RATE_LIMITED: {
    cause: 'The provider accepts no more requests at the moment.',
    remedy: 'Retry after the time that the error details give, or raise the limit at the provider.',
    httpStatus: 429,
    isRetryable: true,
  },
  MODEL_NOT_FOUND: {
    cause: 'The provider does not serve the model that it was asked for.',
    remedy: 'Correct the model name in the configuration, or pull the model on the local server.',
    httpStatus: 502,
    isRetryable: false,
  },
  MODEL_REQUEST_REFUSED: {
    cause: 'The provider refused the request as it stands.',
    remedy: 'Correct the field that the message names; another model may accept it.',
    httpStatus: 400,
    isRetryable: false,
  },
  MODEL_SERVER_ERROR: {
    cause: 'The provider failed while it worked on the request.',
    remedy: 'Retry later, or allow another provider.',
    httpStatus: 502,
    isRetryable: true,
  },
  MODEL_ANSWER_MALFORMED: {
    cause: 'The provider answered with something that is not an answer of its own interface.',
    remedy: 'Check that the base URL names an interface of the configured kind.',
    httpStatus: 502,
    isRetryable: true,
  },
  MODEL_ANSWER_TOO_LARGE: {
    cause: 'The answer of a model is larger than the accepted size.',
    remedy: 'Ask for fewer output tokens, or raise the size limit in the configuration.',
    httpStatus: 502,
    isRetryable: false,
  },
  MODEL_STREAM_TRUNCATED: {
    cause: 'An answer stopped before the provider had finished it.',
    remedy: 'Retry; if it happens often, look for a proxy that cuts long responses.',
    httpStatus: 502,
    isRetryable: true,
  },
  MODEL_OVERLOADED: {
    cause: 'More requests wait for a local model than its queue holds.',
    remedy: 'Retry after a moment, or allow another model.',
    httpStatus: 503,
    isRetryable: true,
  },
  MODEL_RUNTIME_MISSING: {
    cause:
      'A GGUF model is configured, but the optional package node-llama-cpp is not installed or does not load here.',
    remedy: 'Run `npm install node-llama-cpp`, or serve the model with Ollama or llama-server.',
    httpStatus: 503,
    isRetryable: false,
  },
  MODEL_FILE_INVALID: {
    cause: 'A GGUF file is absent, damaged, or lacks metadata without which the native loader would end the process.',
    remedy: 'Download the file again, for example with `kernell models pull`.',
    httpStatus: 500,
    isRetryable: false,
  },
  MODEL_DOWNLOAD_FAILED: {
    cause:
      'A model file could not be downloaded whole, is larger than the limit, or does not have the expected SHA-256.',
    remedy:
      'Check the address and the digest; a broken download goes on from where it stopped when the command is repeated.',
    httpStatus: 502,
    isRetryable: true,
  },
  MODEL_RECORDING_MISSING: {
    cause: 'A recorded model was asked something that is not in its recording.',
    remedy: 'Record the call first, or correct the request so that it equals the recorded one.',
    httpStatus: 500,
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
    remedy: 'Add a key to `keys` in the configuration file, or listen on 127.0.0.1.',
    httpStatus: 500,
    isRetryable: false,
  },
  GATEWAY_LISTEN_FAILED: {
    cause: 'The address of the gateway cannot be opened: it is in use, not of this machine, or not permitted.',
    remedy: 'Choose another port with `--port`, or stop the process that holds it.',
    httpStatus: 500,
    isRetryable: false,
  },
  GATEWAY_KEY_INVALID: {
    cause: 'The request carries no API key, or one that is not configured.',
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
  ACTOR_PLATFORM_LACKS: {
    cause: 'An actor system was asked for threads or a data directory where there are none, such as in a page.',
    remedy: 'Leave `threads` and `dataDir` out, or run the system in Node.',
    httpStatus: 501,
    isRetryable: false,
  },
  ACTOR_FAILED: {
    cause:
      'The actor that was asked failed while it handled the question, or the durable turn that asked came to nothing.',
    remedy: 'Read the cause, which is what its logic threw; the actor itself may have been restarted.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_STOPPED: {
    cause: 'The actor that was asked, or that a message was to be delivered to, has ended.',
    remedy: 'Spawn it again, or watch it to learn of its end.',
    httpStatus: 410,
    isRetryable: false,
  },
  ACTOR_ASK_TIMEOUT: {
    cause: 'An actor did not answer within the time of the ask.',
    remedy: 'Give the ask more time, or see in its snapshot what the actor is doing; it may still handle the message.',
    httpStatus: 504,
    isRetryable: true,
  },
  ACTOR_MAILBOX_FULL: {
    cause: 'The mailbox of the actor is full, and its policy refuses.',
    remedy: 'Send more slowly, raise `mailbox.bound`, or choose the policy `credit`, which makes senders wait.',
    httpStatus: 503,
    isRetryable: true,
  },
  ACTOR_RESTART_INTENSITY: {
    cause: 'An actor failed more often than its supervisor restarts within its period.',
    remedy: 'Read the cause, which is the last failure; raise the intensity only where failing so often is normal.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_STASH_FULL: {
    cause: 'An actor put more messages aside than its mailbox is bounded to.',
    remedy: 'Take them back with `unstashAll` sooner, or refuse messages that cannot be handled.',
    httpStatus: 503,
    isRetryable: true,
  },
  ACTOR_SYSTEM_STOPPED: {
    cause: 'An actor was spawned in a system, or below a parent, that has been stopped.',
    remedy: 'Make a new system; a stopped one does not come back.',
    httpStatus: 503,
    isRetryable: false,
  },
  ACTOR_ID_TAKEN: {
    cause: 'An actor was spawned with the id of one that lives.',
    remedy: 'Choose another id, or take the actor that is there with `system.get(id)`.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACTOR_START_FAILED: {
    cause: 'The logic of an actor threw while it made its first state: mostly the input does not fit.',
    remedy: 'Read the cause and correct the input; nothing was started.',
    httpStatus: 400,
    isRetryable: false,
  },
  ACTOR_STATE_NOT_STORABLE: {
    cause: 'A durable actor was given state or an event that cannot be written down; the message names the path.',
    remedy: 'Keep plain values there: no functions, no cycles, no instances of classes.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_VERSION_UNKNOWN: {
    cause: 'A durable actor has a snapshot, an event or a timer of a version that its definition does not know.',
    remedy: 'Start it with the definition that wrote it, or with one that migrates from it; its inbox is kept.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_MIGRATION_FAILED: {
    cause: 'The definition of a durable actor could not carry its stored snapshot or event to the new version.',
    remedy: 'Correct `migrate` and start the actor again; its state and its inbox are kept as they were.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_FENCED: {
    cause: 'A durable actor was activated again elsewhere, and the earlier activation tried to write.',
    remedy: 'Nothing is lost: the new activation goes on. Report it if it happens without a restart.',
    httpStatus: 409,
    isRetryable: true,
  },
  ACTOR_NOT_STORED: {
    cause: 'No durable actor of this id is stored here, or it holds no approval of this id.',
    remedy: 'See what is stored with `kernell agent stored` or `durableActors(system).list()`, and correct the id.',
    httpStatus: 404,
    isRetryable: false,
  },
  ACTOR_ALREADY_STORED: {
    cause: 'A durable actor of this id is stored here already.',
    remedy:
      'Choose another id, or remove the stored actor first: `kernell agent remove ID --yes`, or `durableActors(system).remove(id)`.',
    httpStatus: 409,
    isRetryable: false,
  },
  ACTOR_EFFECT_REFUSED: {
    cause: 'An effect needed an approval that was rejected, or not given in time; it did not run.',
    remedy: 'Request the effect again when somebody may approve it.',
    httpStatus: 403,
    isRetryable: false,
  },
  ACTOR_EXPORT_INVALID: {
    cause: 'The lines of an exported actor are damaged, incomplete or of an unknown format.',
    remedy: 'Export the actor again, with a version of this package that is not newer than the importing one.',
    httpStatus: 400,
    isRetryable: false,
  },
  ACTOR_EVENT_NOT_CLONEABLE: {
    cause: 'An event for an actor on another thread holds something that cannot be copied there, such as a function.',
    remedy: 'Send data, or take the field that the message names out of the event.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_STUCK: {
    cause: 'An actor kept its worker thread from doing anything else for longer than is allowed.',
    remedy: 'Break long computations into several messages, or raise `threads.stuckAfterMs` of `createActorSystem`.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_WORKER_LOST: {
    cause: 'The worker thread of an actor ended: the process ran out of memory there, or code on it failed or left.',
    remedy: 'Send it again once the actor is restored, unless doing it twice would do harm.',
    httpStatus: 503,
    isRetryable: true,
  },
  ACTOR_MODULE_INVALID: {
    cause: 'A worker cannot load the agent: its definition names no module, or the module does not export it.',
    remedy: 'Give `defineAgent` the `module` with the URL and the name under which the definition is exported.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_DEFINITION_UNKNOWN: {
    cause: 'A stored actor is to come into memory, and nobody has named its definition since the process started.',
    remedy: 'Spawn it, or name its definition with `durableActors(system).define(definition)`; it is kept meanwhile.',
    httpStatus: 500,
    isRetryable: false,
  },
  ACTOR_NOT_MOVABLE: {
    cause:
      'The actor cannot move to another worker: it has children, waits for a restart, or holds what cannot be copied.',
    remedy: 'Stop its children first, or leave it where it is.',
    httpStatus: 409,
    isRetryable: false,
  },
  GRAPH_ID_TAKEN: {
    cause: 'A task graph of this id has not ended yet.',
    remedy: 'Resume or forget that graph, or give the new one an id that was never used.',
    httpStatus: 409,
    isRetryable: false,
  },
  GRAPH_UNKNOWN: {
    cause: 'There is no unfinished task graph of this id: it has ended, is running, or never was.',
    remedy: 'Take the id from the list of unfinished graphs.',
    httpStatus: 404,
    isRetryable: false,
  },
  GRAPH_OVERLOADED: {
    cause: 'As many task graphs as allowed have not ended.',
    remedy: 'Try again when some have ended, forget those that nobody goes on with, or raise `graphsMax`.',
    httpStatus: 503,
    isRetryable: true,
  },
  MEMORY_NOT_OPEN: {
    cause: 'The memory was used before it was started or after it was stopped.',
    remedy: 'Await `start()` before the first use, and stop the memory after the last.',
    httpStatus: 503,
    isRetryable: true,
  },
  MEMORY_OVERLOADED: {
    cause: 'More changes of the memory wait for the disk than it holds.',
    remedy: 'Send the change again after a moment; a faster disk raises the limit.',
    httpStatus: 503,
    isRetryable: true,
  },
  MEMORY_TENANTS_FULL: {
    cause: 'As many tenants as allowed have a memory already.',
    remedy: 'Erase a tenant that is gone, or raise `tenantsMax` where the memory is created.',
    httpStatus: 503,
    isRetryable: false,
  },
  MEMORY_TEXT_TOO_LARGE: {
    cause: 'The text is longer than the memory keeps in one piece.',
    remedy: 'Remember it in parts that are linked, or raise `textBytesMax` of the settings.',
    httpStatus: 413,
    isRetryable: false,
  },
  MEMORY_NODE_UNKNOWN: {
    cause:
      'The memory of this tenant has no node with this id: it was never there, was forgotten, or left to make room.',
    remedy: 'Remember the text again and use the id that this returns.',
    httpStatus: 404,
    isRetryable: false,
  },
  MEMORY_RECALL_UNKNOWN: {
    cause:
      'The recall that the feedback is about was of another tenant or of an earlier run, or too many came after it.',
    remedy: 'Give feedback soon after the recall, to the memory that answered it.',
    httpStatus: 404,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>

/** Name of a coded error: `AREA_WHAT`. */
export type ErrorCode = keyof typeof ERROR_CODES
