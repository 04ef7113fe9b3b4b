import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of routing a task: candidates, budgets, cache, task graphs. */
export const ROUTER_ERRORS = {
  ROUTER_SPEND_STOPPED: {
    cause:
      'A model went on writing beyond the length that it was told, past the money that was set aside for its answer.',
    remedy:
      'Send a larger max_tokens, raise the budget or the cap, or use another model; what came before is right as far as it goes.',
    httpStatus: 502,
    isRetryable: false,
  },
  QUOTA_EXCEEDED: {
    cause:
      'As much was asked in this minute as a quota allows: of the node, a tenant, a key, an agent, a skill or a peer.',
    remedy:
      'Ask again after the time that is said, or have the operator raise `quotas`; `details.scope` says whose it is.',
    httpStatus: 429,
    isRetryable: true,
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
  ROUTER_ALL_FAILED: {
    cause: 'Every candidate was tried and failed or was refused by the verifier.',
    remedy: 'Look at `attempts` for the reason of each; retry later or allow a higher tier.',
    httpStatus: 502,
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
  CACHE_CALIBRATION_INVALID: {
    cause: 'The cache calibration file is damaged, of another version, or made with another embedder.',
    remedy:
      'Train it again with `kernell eval cache --train ... --test ... --save FILE`, or start without `--cache-calibration`: the exact tier works without it.',
    httpStatus: 500,
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
} as const satisfies Record<string, ErrorCodeEntry>
