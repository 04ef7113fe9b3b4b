import type { PlantedBug } from '../planted-bug.ts'

export const DROPPED_SUPERVISOR_MESSAGES: readonly PlantedBug[] = [
  {
    name: 'end-bounded-as-mail',
    class: 'dropped-supervisor-message',
    file: 'src/actors/delivery/watch.ts',
    search: 'if (watcher.status !== STOPPED) putMail(watcher, terminated)',
    replacement: 'if (watcher.status !== STOPPED) watcher.send(terminated)',
    what: 'the end of a watched actor is dropped where the mailbox of the watcher is full',
  },
  {
    name: 'oldest-control-dropped',
    class: 'dropped-supervisor-message',
    file: 'src/actors/delivery/full-mailbox.ts',
    search: 'if (event.type === TERMINATED || keeper?.keepsMail(event) === true) waiting.push(event)',
    replacement: 'if (keeper?.keepsMail(event) === true) waiting.push(event)',
    what: 'a mailbox that drops its oldest message drops the end of a watched actor',
  },
  {
    name: 'failure-while-others-restart',
    class: 'dropped-supervisor-message',
    file: 'src/core/supervision/restart-group.ts',
    search: 'if (timers.has(child)) return IGNORED',
    replacement: 'if (timers.has(child) || group.waiting > 0) return IGNORED',
    what: 'a failure is not heard while a sibling waits for its restart',
  },
  {
    name: 'back-off-forgotten',
    class: 'dropped-supervisor-message',
    file: 'src/core/supervision/restart-group.ts',
    search: "if (strategy === 'one-for-all' && waiting > 0) return undefined",
    replacement: "if (strategy !== 'one-for-one' && waiting >= 0) return undefined",
    what: 'children that are restarted together are never started again',
  },
  {
    name: 'last-listener-untold',
    class: 'dropped-supervisor-message',
    file: 'src/actors/cell/end-teller.ts',
    search: 'if (this.#isTelling) return',
    replacement: 'if (this.#isTelling) return void this.#untold.pop()',
    what: 'who ends while another end is told is told to nobody',
  },
  {
    name: 'asker-of-poison-untold',
    class: 'dropped-supervisor-message',
    file: 'src/actors/supervision/redelivery.ts',
    search: `    tellAsker(event, error)
    return`,
    replacement: '    return',
    what: 'whoever asked something that an actor fails over waits until its time is over',
  },
]
