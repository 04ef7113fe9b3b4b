import { defineAgent, type ActorSystem, type AgentDefinition, type Terminated } from 'kernell-os/actors'
import { CodedError } from 'kernell-os/core'
import { modelCall, type ModelCallInput, type ModelCallOutcome } from '../model-calls/model-call.ts'
import { openPurse, payFrom, remainingIn, type Purse } from '../model-calls/purse.ts'

const MODEL_CALL: AgentDefinition = defineAgent({ name: 'planner-call', restart: 'temporary', logic: modelCall })

/**
 * One question to the router, with the patience of `modelCall`, for who is no actor. When the signal aborts, the call is
 * aborted with it, and counts at all that it was allowed to cost: a provider may bill it, and nobody will hear how much.
 */
export async function callModel(
  actors: Pick<ActorSystem, 'spawn'>,
  input: ModelCallInput,
  signal: AbortSignal,
): Promise<ModelCallOutcome> {
  const ref = actors.spawn(MODEL_CALL, { input })
  const stop = (): void => void ref.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const { reason, output, error } = await new Promise<Terminated>((resolve) => void ref.watch(resolve))
    // The output of `modelCall` has its type.
    if (reason === 'done') return output as ModelCallOutcome
    const ended = error ?? new CodedError('REQUEST_ABORTED', { message: 'The call was ended' })
    return { kind: 'failed', error: ended, purse: usedUp(purseOf(ref.getSnapshot()) ?? openPurse(input.capNanos)) }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function usedUp(purse: Purse): Purse {
  return payFrom(purse, remainingIn(purse))
}

/** What the call was allowed and has paid so far, read from its machine. */
function purseOf(snapshot: unknown): Purse | undefined {
  return (snapshot as { readonly context?: { readonly purse?: Purse } } | undefined)?.context?.purse
}
