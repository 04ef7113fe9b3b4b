import { setTimeout as sleep } from 'node:timers/promises'
import type { BillingProvider } from './billing-provider.ts'
import { askServer, type LoadAnswer, wordOf } from './load-client.ts'
import { STORM_MODELS, TRIAL_MODEL } from './load-world.ts'

/** More failures in a row than a breaker takes. */
const FAILURES = 14
const TRIES_MAX = 8
const SERVED_AFTER = 5
const OUTPUT_MAX = 40

/** What becomes of the first trial after a breaker has opened. */
export type Trial = 'served' | 'silent' | 'left'

export type CycleInit = {
  readonly url: string
  readonly provider: BillingProvider
  readonly fail: (what: string) => void
}

/** Opens the breaker of one model, lets the first trial end as told, and has the model serve again. Resolves to how often it opened. */
export async function cycleBreaker(trial: Trial, { url, provider, fail }: CycleInit): Promise<number> {
  let opened = 0
  const ask = async (signal?: AbortSignal): Promise<LoadAnswer> =>
    await askServer(url, {
      key: 'calm',
      model: TRIAL_MODEL,
      line: 0,
      outputMax: OUTPUT_MAX,
      ...(signal !== undefined && { signal }),
    })
  provider.setMood(TRIAL_MODEL, 'failing')
  for (let count = 0; count < FAILURES; count += 1) await ask()
  const called = provider.callCount
  const refused = await ask()
  if (wordOf(refused) !== 'MODEL_CIRCUIT_OPEN') fail(`after ${FAILURES} failures a call ended with ${wordOf(refused)}`)
  if (provider.callCount !== called) fail('a breaker is open, and its model was called')
  opened += 1
  if (trial !== 'served') {
    await waitFor(refused)
    provider.setMood(TRIAL_MODEL, 'silent')
    const leaving = new AbortController()
    const waiting = ask(leaving.signal)
    await provider.waitForCalls(called + 1)
    const other = await ask()
    if (wordOf(other) !== 'MODEL_CIRCUIT_OPEN') fail(`during a trial another call ended with ${wordOf(other)}`)
    if (trial === 'left') leaving.abort()
    else opened += 1
    await waiting
  }
  provider.setMood(TRIAL_MODEL, 'well')
  await serveAgain({ url, provider, fail }, TRIAL_MODEL)
  const after = await Promise.all(Array.from({ length: SERVED_AFTER }, async () => await ask()))
  const unserved = after.filter(({ status }) => status !== 200)
  if (unserved.length > 0) fail(`${unserved.length} of ${SERVED_AFTER} calls fail at a model that is well again`)
  return opened
}

/** Asks as a patient caller does until the model answers. */
export async function serveAgain({ url, fail }: CycleInit, model: string): Promise<void> {
  let last = ''
  for (let tried = 0; tried < TRIES_MAX; tried += 1) {
    const answer = await askServer(url, { key: 'calm', model, line: 0, outputMax: OUTPUT_MAX })
    if (answer.status === 200) return
    last = wordOf(answer)
    await waitFor(answer)
  }
  fail(`${model} is well, and not served after ${TRIES_MAX} tries: ${last}`)
}

export async function healAll(init: CycleInit): Promise<void> {
  await Promise.all(STORM_MODELS.map(async (model) => await serveAgain(init, model)))
}

/** As long as the answer asks for. */
async function waitFor({ retryAfterS = 0 }: LoadAnswer): Promise<void> {
  await sleep(retryAfterS * 1_000)
}
