import { CodedError } from '../../base/errors.ts'
import { corruptionIn, isBrokenStore } from '../disk/broken-store.ts'
import type { Stage } from '../scenario/stage.ts'

/** A machine whose disk has refused is started again behind this. */
const RESTART_MS = 400

/** Whoever cannot write any more starts anew; anything else is a failure of the product. */
export function restartBroken(stage: Stage, name: string, cause: unknown): void {
  const machine = stage.machines.find((each) => each.name === name)
  stage.checks.check('store-sound', corruptionIn(name, cause))
  if (isBrokenStore(cause)) {
    if (machine?.running === undefined) return
    machine.kill()
    machine.restartIn(RESTART_MS)
    return
  }
  const what = CodedError.is(cause) ? `${cause.code}: ${cause.message}` : String(cause)
  stage.checks.check('market-no-failure', `${name}: ${what}`)
}
