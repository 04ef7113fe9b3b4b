import { existsSync } from 'node:fs'
import { CodedError } from '../../base/errors.ts'
import { STOP_FILE } from './stop-file.ts'

/** How often it is looked whether everything was stopped. */
const EVERY_MS = 250

/** A signal that is aborted with `NODE_STOPPED` once everything is stopped on this data directory, whichever process stopped it. */
export function followStop(dataDir: string): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController()
  const timer = setInterval(() => {
    if (!existsSync(`${dataDir}/${STOP_FILE}`)) return
    clearInterval(timer)
    controller.abort(new CodedError('NODE_STOPPED', { message: 'Everything was stopped while the program ran' }))
  }, EVERY_MS)
  timer.unref()
  return { signal: controller.signal, end: () => clearInterval(timer) }
}
