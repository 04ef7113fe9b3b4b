import { CodedError, type Amount } from 'kernell-os/core'
import type { ModelRequest, RouteCaller, RouteControls, Router, RouteResult, RouteTarget } from 'kernell-os/ports'
import { assign, fromPromise, setup, type ActorLogic, type Snapshot } from 'xstate'
import { askWithTools, ToolWorkFailed, type ToolUse } from './tool-use.ts'
import { costOfFailure, openPurse, payFrom, remainingIn, type Purse } from './purse.ts'

/** How an agent asks the router, the same for all of its calls. */
export type Routing = {
  readonly router: Router
  readonly caller: RouteCaller
  /** Whom to ask, in order: the next one when one fails. Default: the policy, then cheap models, then local ones. */
  readonly targets?: readonly RouteTarget[]
  readonly controls?: RouteControls
  /** Times that one target is asked while it fails in a way that may pass, 1 or more. Default 2. */
  readonly attemptsMax?: number
}

export type ModelCallInput = Routing & {
  readonly request: ModelRequest
  /** Tools that the models may call on the way. Absent: none. */
  readonly use?: ToolUse | undefined
  /** Most that the call may cost, fall-backs included. */
  readonly capNanos?: Amount | undefined
  /**
   * What it may cost where the router finds `capNanos` too little for any model: the bound of a call is far above what it
   * mostly costs, so a fair share can be too small although there is enough. Absent: then it fails.
   */
  readonly capNanosMax?: Amount | undefined
}

/** Failing is an outcome: whoever asked decides what it means. */
export type ModelCallOutcome =
  | { readonly kind: 'answered'; readonly result: RouteResult; readonly purse: Purse }
  | { readonly kind: 'failed'; readonly error: unknown; readonly purse: Purse }

export const TARGETS_DEFAULT: readonly RouteTarget[] = [
  { kind: 'auto' },
  { kind: 'route', route: 'cheap' },
  { kind: 'route', route: 'local' },
]
export const ATTEMPTS_MAX_DEFAULT = 2

const FIRST_WAIT_MS = 500
const WAIT_MS_MAX = 30_000

type Context = {
  readonly call: ModelCallInput
  readonly targets: readonly RouteTarget[]
  readonly targetIndex: number
  /** Failed attempts at the present target. */
  readonly failures: number
  readonly purse: Purse
  readonly result: RouteResult | undefined
  /** The first failure: later ones are of second choices. */
  readonly firstError: unknown
  readonly lastError: unknown
  /** Tools were called: what failed is not asked again, since they may have done something. */
  readonly hasCalled: boolean
}

type CallLogic = ActorLogic<Snapshot<ModelCallOutcome>, { type: string }, ModelCallInput>

const machine = setup({
  types: {
    context: {} as Context,
    input: {} as ModelCallInput,
    output: {} as ModelCallOutcome,
  },
  actors: {
    askRouter: fromPromise<RouteResult, Context>(async ({ input, signal }) => {
      const { router, caller, controls, request, use } = input.call
      const maxCostNanos = remainingIn(input.purse)
      const question = {
        caller,
        target: input.targets[input.targetIndex] ?? ({ kind: 'auto' } as const),
        request,
        controls: { ...controls, ...(maxCostNanos !== undefined && { maxCostNanos }) },
      }
      if (use === undefined) return await router.route(question, { signal })
      return await askWithTools(router, question, { use, signal })
    }),
  },
  actions: {
    widenCap: assign(({ context }) => ({ purse: { ...context.purse, capNanos: context.call.capNanosMax } })),
  },
  guards: {
    isCapTooTight: ({ context }) => isCapTooTight(context),
    isWorthRepeating: ({ context }) => isWorthRepeating(context),
    hasFallback: ({ context }) => hasFallback(context),
  },
  delays: { pause: ({ context }) => pauseAfter(context) },
}).createMachine({
  id: 'model-call',
  context: ({ input }) => ({
    call: input,
    targets: input.targets ?? TARGETS_DEFAULT,
    targetIndex: 0,
    failures: 0,
    purse: openPurse(input.capNanos),
    result: undefined,
    firstError: undefined,
    lastError: undefined,
    hasCalled: false,
  }),
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        src: 'askRouter',
        input: ({ context }) => context,
        onDone: {
          target: 'ended',
          actions: assign(({ context, event }) => ({
            result: event.output,
            purse: payFrom(context.purse, event.output.costNanos),
          })),
        },
        onError: {
          target: 'failing',
          actions: assign(({ context, event }) => {
            const { error, purse, hasCalled } = failureIn(event.error, context.purse)
            return {
              purse: payFrom(purse, costOfFailure(error, remainingIn(purse))),
              failures: context.failures + 1,
              firstError: context.firstError ?? error,
              lastError: error,
              hasCalled,
            }
          }),
        },
      },
    },
    failing: {
      always: [
        { guard: 'isCapTooTight', target: 'asking', actions: 'widenCap' },
        { guard: 'isWorthRepeating', target: 'pausing' },
        {
          guard: 'hasFallback',
          target: 'asking',
          actions: assign(({ context }) => ({ targetIndex: context.targetIndex + 1, failures: 0 })),
        },
        { target: 'ended' },
      ],
    },
    pausing: { after: { pause: 'asking' } },
    ended: { type: 'final' },
  },
  output: ({ context: { result, firstError, purse } }) =>
    result === undefined ? { kind: 'failed', error: firstError, purse } : { kind: 'answered', result, purse },
})

/**
 * One question to the router, with patience: what may pass is tried again after a pause (the one that the provider asks
 * for, where it does), and when a target fails for good the next one is asked. Under a cap all of this together stays
 * within it: a failed call that a provider may bill counts at what the router says that it cost at most; where nobody
 * knows, at all that it was allowed, which ends the trying.
 *
 * A child that is stopped aborts the call that is under way.
 */
export const modelCall: CallLogic = machine as unknown as CallLogic

/** What went wrong, and the purse after what was paid before it did. */
function failureIn(
  error: unknown,
  purse: Purse,
): { readonly error: unknown; readonly purse: Purse; readonly hasCalled: boolean } {
  if (!(error instanceof ToolWorkFailed)) return { error, purse, hasCalled: false }
  return { error: error.cause, purse: payFrom(purse, error.spentNanos), hasCalled: error.hasCalled }
}

function isWorthRepeating({ call, failures, lastError, purse, hasCalled }: Context): boolean {
  if (hasCalled || !CodedError.is(lastError) || !lastError.isRetryable || isUsedUp(purse)) return false
  return failures < (call.attemptsMax ?? ATTEMPTS_MAX_DEFAULT)
}

function isCapTooTight({ call, lastError, purse, hasCalled }: Context): boolean {
  const { capNanosMax } = call
  if (hasCalled || capNanosMax === undefined || purse.capNanos === undefined || purse.capNanos >= capNanosMax)
    return false
  return CodedError.is(lastError, 'ROUTER_COST_CAP')
}

/** Of the request, or of a caller who left, no other target thinks otherwise; without any model there is none. */
const FINAL_FAILURES: ReadonlySet<string> = new Set(['REQUEST_ABORTED', 'REQUEST_INVALID', 'ROUTER_NO_MODEL'])

function hasFallback({ targets, targetIndex, lastError, purse, hasCalled }: Context): boolean {
  if (hasCalled || targetIndex + 1 >= targets.length || isUsedUp(purse)) return false
  return CodedError.is(lastError) && !FINAL_FAILURES.has(lastError.code)
}

function isUsedUp(purse: Purse): boolean {
  return remainingIn(purse) === 0n
}

function pauseAfter({ failures, lastError }: Context): number {
  const asked = CodedError.is(lastError) ? lastError.details.retryAfterMs : undefined
  if (typeof asked === 'number' && asked >= 0) return Math.min(asked, WAIT_MS_MAX)
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), WAIT_MS_MAX)
}
