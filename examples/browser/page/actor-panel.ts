import {
  createActorSystem,
  createSystemEnvironment,
  defineAgent,
  type ActorRef,
  type ActorSystem,
} from 'kernell-os/actors'
import { fromTransition } from 'xstate'
import { answerDeterministically } from 'kernell-os/core'
import { bar, find, make, row } from './elements.ts'

const CLERKS = ['clerk-1', 'clerk-2', 'clerk-3'] as const
const OFFICE = 'office'
const BURST = 600
const MAILBOX = 800
/** Between two slices of turns, so that the page is drawn while the mailboxes empty. */
const REST_MS = 16
const LINES_SHOWN = 40
const SUMS = 20

type Clerk = (typeof CLERKS)[number]
type Task = { readonly type: 'task'; readonly number: number } | { readonly type: 'fail' }
/** What the page counts beside the actors: a failed one begins again with nothing. */
type Counts = { sent: number; taken: number; refused: number; restarts: number; deepest: number }

/** Three clerks under a supervisor, in the page's own thread. A clerk that fails is started again; what waits for it is kept. */
export class ActorPanel {
  private readonly counts = new Map<Clerk, Counts>(
    CLERKS.map((name) => [name, { sent: 0, taken: 0, refused: 0, restarts: 0, deepest: 0 }]),
  )
  private readonly system: ActorSystem
  private readonly clerks: ReadonlyMap<Clerk, ActorRef>
  private readonly table = find('actors', HTMLTableSectionElement)
  private readonly log = find('supervision', HTMLUListElement)
  private isDrawn = false

  constructor() {
    const environment = createSystemEnvironment()
    this.system = createActorSystem({
      environment: { ...environment, later: (task) => void setTimeout(task, REST_MS) },
    })
    this.system.onSupervision((event) => {
      // By its path: below its supervisor.
      const counts = this.counts.get(event.id.replace(`${OFFICE}/`, '') as Clerk)
      if (event.type === 'actor-restarted' && counts !== undefined) counts.restarts += 1
      const reason = 'error' in event && event.error instanceof Error ? `: ${event.error.message}` : ''
      this.tell(`${event.id}: ${event.type.replaceAll('-', ' ')}${reason}`)
    })
    const office = this.system.supervise({
      id: OFFICE,
      strategy: 'one-for-one',
      intensity: { restarts: 5, withinMs: 10_000 },
    })
    this.clerks = new Map(
      CLERKS.map((id) => [id, this.system.spawn(this.definitionOf(id), { id, supervisor: office })]),
    )
    find('send', HTMLButtonElement).addEventListener('click', () => this.send())
    find('crash', HTMLButtonElement).addEventListener('click', () => this.post('clerk-2', { type: 'fail' }))
    this.draw()
  }

  /** Work for all, and in the middle of it an order to fail for one where it is asked for. */
  private send(): void {
    for (const name of CLERKS)
      for (let number = 0; number < BURST; number += 1) this.post(name, { type: 'task', number })
  }

  private post(name: Clerk, task: Task): void {
    const counts = this.countsOf(name)
    if (this.clerks.get(name)?.send(task) === true) counts.sent += 1
    else counts.refused += 1
    counts.deepest = Math.max(counts.deepest, counts.sent - counts.taken)
    this.drawSoon()
  }

  private definitionOf(name: Clerk): ReturnType<typeof defineAgent> {
    const counts = this.countsOf(name)
    const logic = fromTransition((handled: number, event: Task) => {
      counts.taken += 1
      this.drawSoon()
      if (event.type === 'fail') throw new Error('it was told to fail')
      for (let sum = 0; sum < SUMS; sum += 1) answerDeterministically(`What is ${event.number} times ${sum}?`)
      return handled + 1
    }, 0)
    return defineAgent({ name, logic, restart: 'permanent', mailbox: { bound: MAILBOX, atBound: 'refuse' } })
  }

  private countsOf(name: Clerk): Counts {
    const counts = this.counts.get(name)
    if (counts === undefined) throw new Error(`There is no ${name}`)
    return counts
  }

  private drawSoon(): void {
    if (this.isDrawn) return
    this.isDrawn = true
    setTimeout(() => {
      this.isDrawn = false
      this.draw()
    }, REST_MS)
  }

  private draw(): void {
    this.table.replaceChildren(
      ...CLERKS.map((name) => {
        const { sent, taken, refused, restarts, deepest } = this.countsOf(name)
        const { context = 0 } = (this.clerks.get(name)?.getSnapshot() ?? {}) as { readonly context?: number }
        const waiting = sent - taken
        return row(name, `${waiting}`, bar(waiting / MAILBOX), `${deepest}`, `${context}`, `${refused}`, `${restarts}`)
      }),
    )
  }

  private tell(line: string): void {
    this.log.prepend(make('li', { text: line }))
    while (this.log.childElementCount > LINES_SHOWN) this.log.lastElementChild?.remove()
    this.drawSoon()
  }
}
