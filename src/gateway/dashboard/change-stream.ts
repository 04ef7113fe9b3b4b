import type { ServerResponse } from 'node:http'
import { CHANGE_TOPICS, type ChangeTopic } from '../../node/activity/change-log.ts'
import type { KernellNode } from '../../node/kernell-node.ts'

/** Changes of less than this time are told together. */
const FLUSH_MS = 100
/** How often what tells of no changes itself is looked at, and how often a sign of life is sent. */
const LOOK_MS = 500
const LOOKS_PER_TICK = 2
/** Tasks that are told in one event; of more the newest are, and the rest is counted. */
const ROWS_PER_EVENT = 250
/** A reader that is so far behind does not hear of each task any more, but that it has to look again. */
const BEHIND_MAX = 2_000
/** A reader that takes nothing for so long is let go. */
const STUCK_MS = 30_000

export type ChangeStreamInit = {
  readonly node: KernellNode
  readonly response: ServerResponse
  /** Names and values, alternating. */
  readonly headers: readonly string[]
  /** Tells this start of the node from others; stands in every id. */
  readonly epoch: string
  /** The id of the last event that the reader has, `EPOCH:SEQ`; absent for a new reader. */
  readonly lastEventId: string | undefined
}

/**
 * What changes on a node, to one reader, as server-sent events:
 *
 * - `snapshot` `{reason, end}`: whatever the reader knows may be old. The first event of a new reader, and of one that was too slow.
 * - `change` `{tasks, skipped, end, topics}`: tasks that ended, oldest first, and what else changed since the last event.
 * - `tick` `{at, uptime_s, end}`: once a second, also when nothing happens.
 *
 * Nothing is kept for a reader but how far it is, so that a slow one costs as much as a quick one.
 */
export class ChangeStream {
  private readonly init: ChangeStreamInit
  private readonly told = new Map<ChangeTopic, number>()
  private readonly stopListening: () => void
  private readonly looking: NodeJS.Timeout
  private flushing: NodeJS.Timeout | undefined
  private lastFlushMs = Number.NEGATIVE_INFINITY
  private cursor: number
  private isFull = false
  private fullSinceMs = 0
  private looks = 0
  private signatures: readonly string[]

  constructor(init: ChangeStreamInit) {
    this.init = init
    const { node, response } = init
    const resumed = this.resumedAt()
    this.cursor = resumed ?? node.activity.tasks.end
    this.rememberTopics()
    this.signatures = signaturesOf(node)
    this.writeHead()
    if (resumed === undefined) this.writeSnapshot('start')
    else this.plan()
    response.on('drain', () => this.drained())
    this.stopListening = node.activity.changes.listen(() => this.plan())
    this.looking = setInterval(() => this.look(), LOOK_MS)
  }

  close(): void {
    this.stopListening()
    clearInterval(this.looking)
    clearTimeout(this.flushing)
    if (!this.init.response.writableEnded) this.init.response.end()
  }

  private writeHead(): void {
    const { response, headers } = this.init
    const own = ['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-store']
    response.writeHead(200, [...own, 'x-accel-buffering', 'no', ...headers])
    response.flushHeaders()
  }

  /** Where the reader goes on; `undefined` where what it missed is not kept. */
  private resumedAt(): number | undefined {
    const [epoch, seq = ''] = this.init.lastEventId?.split(':') ?? []
    const { tasks } = this.init.node.activity
    const place = /^\d{1,15}$/.test(seq) ? Number(seq) : Number.NaN
    const isKept = place >= Math.max(tasks.start, tasks.end - BEHIND_MAX) && place <= tasks.end
    return epoch === this.init.epoch && isKept ? place : undefined
  }

  private plan(): void {
    if (this.flushing !== undefined || this.isFull) return
    const waitMs = Math.max(0, this.lastFlushMs + FLUSH_MS - performance.now())
    this.flushing = setTimeout(() => {
      this.flushing = undefined
      this.flush([])
    }, waitMs)
  }

  /** What has no hook of its own: it is looked at, and told when it is another. */
  private look(): void {
    if (this.isFull) {
      if (performance.now() - this.fullSinceMs > STUCK_MS) this.init.response.destroy()
      return
    }
    const before = this.signatures
    this.signatures = signaturesOf(this.init.node)
    const topics = SIGNED_TOPICS.filter((_topic, index) => before[index] !== this.signatures[index])
    if (topics.length > 0) this.flush(topics)
    this.looks += 1
    if (this.looks % LOOKS_PER_TICK === 0 && !this.isFull) this.writeTick()
  }

  private flush(looked: readonly ChangeTopic[]): void {
    if (this.isFull || this.init.response.destroyed) return
    this.lastFlushMs = performance.now()
    const { tasks } = this.init.node.activity
    if (tasks.end - this.cursor > BEHIND_MAX) {
      this.writeSnapshot('behind')
      return
    }
    const topics = new Set<ChangeTopic>([...this.changedTopics(), ...looked])
    if (topics.size === 0 && tasks.end === this.cursor) return
    const rows = tasks.rows(this.cursor, ROWS_PER_EVENT)
    const skipped = tasks.end - this.cursor - rows.length
    this.cursor = tasks.end
    this.rememberTopics()
    this.write('change', { tasks: rows, skipped, end: tasks.end, topics: [...topics] })
  }

  private changedTopics(): readonly ChangeTopic[] {
    const { changes } = this.init.node.activity
    return CHANGE_TOPICS.filter((topic) => topic !== 'tasks' && this.told.get(topic) !== changes.countOf(topic))
  }

  private rememberTopics(): void {
    for (const topic of CHANGE_TOPICS) this.told.set(topic, this.init.node.activity.changes.countOf(topic))
  }

  private writeSnapshot(reason: 'start' | 'behind'): void {
    const { tasks } = this.init.node.activity
    this.cursor = tasks.end
    this.rememberTopics()
    this.write('snapshot', { reason, end: tasks.end })
  }

  private writeTick(): void {
    const { node } = this.init
    this.write('tick', { at: Date.now(), uptime_s: node.health().uptimeS, end: node.activity.tasks.end })
  }

  private write(event: string, data: object): void {
    const { response, epoch } = this.init
    if (response.destroyed || response.writableEnded) return
    const isTaken = response.write(`id: ${epoch}:${this.cursor}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    if (isTaken) return
    this.isFull = true
    this.fullSinceMs = performance.now()
  }

  private drained(): void {
    if (!this.isFull) return
    this.isFull = false
    this.plan()
  }
}

/** Topics that tell of no changes themselves, in the order of their signatures. */
const SIGNED_TOPICS: readonly ChangeTopic[] = ['policies', 'rights']

function signaturesOf(node: KernellNode): readonly string[] {
  return [rolloutSignature(node), String(node.rights.stop.current?.at ?? '')]
}

function rolloutSignature({ policies }: KernellNode): string {
  try {
    const { stage, percent, revision, requests, candidate, transitions } = policies.status()
    return JSON.stringify([stage, percent, revision, requests, candidate, transitions[0]?.at])
  } catch {
    // A node without a rollout has nothing that changes.
    return ''
  }
}
