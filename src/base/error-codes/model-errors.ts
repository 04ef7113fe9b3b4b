import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of models and their providers. */
export const MODEL_ERRORS = {
  MODEL_UNREACHABLE: {
    cause: 'The provider of a model could not be reached, or the connection broke before the answer was complete.',
    remedy:
      'Check that the provider runs and that its base URL is right; `kernell models probe` shows which local servers answer.',
    httpStatus: 502,
    isRetryable: true,
  },
  MODEL_CIRCUIT_OPEN: {
    cause: 'The service of a model has failed again and again, and is not called for a while.',
    remedy: 'Retry after the time that is said, or allow another model; one call at a time finds out when it is well.',
    httpStatus: 503,
    isRetryable: true,
  },
  MODEL_TIMEOUT: {
    cause: 'The provider of a model did not answer in time.',
    remedy: 'Retry later, allow a faster model, or raise the provider timeout in the configuration.',
    httpStatus: 504,
    isRetryable: true,
  },
  MODEL_HEDGED: {
    cause: 'A model was slow, another one was asked beside it, and that one answered first.',
    remedy:
      'Nothing is wrong: the answer is there. Raise `router.hedge.afterMs` where this happens often, since both calls may be billed.',
    httpStatus: 500,
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
} as const satisfies Record<string, ErrorCodeEntry>
