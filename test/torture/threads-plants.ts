import { ActorMoves } from '../../src/actors/threads/actor-moves.ts'
import { ThreadEnd } from '../../src/actors/threads/thread-links.ts'
import { WaitingEvents } from '../../src/actors/threads/waiting-events.ts'

export type ThreadPlant = {
  readonly what: string
  /** Plants the defect in this thread; what it returns takes it out again. */
  readonly plant: () => () => void
}

/** Known defects of the first thread; a run with one of them must fail. */
export const THREAD_PLANTS: Readonly<Record<string, ThreadPlant>> = {
  'no-salvage': {
    what: 'what a lost worker did not read is forgotten',
    plant: () =>
      replaced(
        ThreadEnd.prototype,
        'salvage',
        (salvage) =>
          function (this: ThreadEnd, ...parts) {
            salvage.apply(this, parts)
            return []
          },
      ),
  },
  'resend-all': {
    what: 'what a lost worker may have handled is sent again',
    plant: () =>
      replaced(
        WaitingEvents.prototype,
        'putSalvaged',
        (put) =>
          function (this: WaitingEvents, thread, salvaged, find) {
            const unread = salvaged.map((each) => ({ ...each, isUncertain: false }))
            return put.call(this, thread, unread, find)
          },
      ),
  },
  'moved-without-mail': {
    what: 'an actor that moves leaves its mail behind',
    plant: () =>
      replaced(
        ActorMoves.prototype,
        'extracted',
        (extracted) =>
          function (this: ActorMoves, report, place) {
            const { stored } = report
            const robbed = stored === undefined ? report : { ...report, stored: { ...stored, mail: [] } }
            extracted.call(this, robbed, place)
          },
      ),
  },
}

function replaced<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  replace: (original: Owner[Name]) => Owner[Name],
): () => void {
  const original = owner[name]
  owner[name] = replace(original)
  return () => {
    owner[name] = original
  }
}
