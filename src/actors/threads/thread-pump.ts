import type { ChannelReader } from './channel-reader.ts'
import type { ChannelWriter } from './channel-writer.ts'
import type { Doorbell } from './doorbell.ts'
import { SpinHabit } from './spin-habit.ts'

export type ThreadPumpInit = {
  /** Absent where threads have no shared memory: then `kick` is what wakes. */
  readonly doorbell?: Doorbell
  /**
   * How long an empty thread looks for more before it parks, at most. Microseconds; default 50: longer than another
   * thread takes to wake and to answer. Looking is left out for a while where it was in vain.
   */
  readonly spinUs?: number
  /**
   * Whether the actors of this thread have handled what they were given. While they have not, little is taken from the
   * rings, so that senders feel it. Absent: always.
   */
  readonly isQuiet?: () => boolean
  /** Told once per tick: a sign of life. */
  readonly onTick?: () => void
}

/** Records from one thread before the next thread gets its turn. */
const RECORDS_PER_READER = 512
/** As many while the actors of this thread are busy. */
const RECORDS_WHEN_BUSY = 64
/** Records, and rounds, before timers and sockets of this thread get theirs. */
const RECORDS_PER_TICK = 4_096
const ROUNDS_PER_TICK = 64
const SPIN_US = 50

/**
 * The loop of one thread: takes what other threads sent, lets microtasks run (in which actors have their turns), shows
 * what they sent in turn, and parks when there is nothing. Never blocks the event loop, and does not keep it alive.
 */
export class ThreadPump {
  private readers: readonly ChannelReader[] = []
  private writers: readonly ChannelWriter[] = []
  private readonly doorbell: Doorbell | undefined
  private readonly lookForMore: SpinHabit
  private readonly lookForAnswer: SpinHabit
  private readonly isQuiet: () => boolean
  private readonly onTick: () => void
  private isStarted = false
  private isStopped = false
  /** Whether a round is running or will be. Else the thread is parked. */
  private isBusy = false
  private isWaiting = false
  private isFlushDue = false
  /** Somebody on this thread asked others for something, and waits. */
  private isAnswerDue = false
  private records = 0
  private rounds = 0

  constructor({ doorbell, spinUs = SPIN_US, isQuiet, onTick }: ThreadPumpInit) {
    this.doorbell = doorbell
    this.isQuiet = isQuiet ?? ((): boolean => true)
    this.onTick = onTick ?? ((): void => {})
    this.lookForMore = new SpinHabit(spinUs / 1_000)
    this.lookForAnswer = new SpinHabit(spinUs / 1_000)
  }

  setLinks(links: readonly { readonly writer: ChannelWriter; readonly reader: ChannelReader }[]): void {
    this.writers = links.map(({ writer }) => writer)
    this.readers = links.map(({ reader }) => reader)
    // A new link may hold something already.
    this.kick()
  }

  /** For `ChannelWriter`: shows what was written once the present code and its microtasks are done. */
  readonly scheduleFlush = (): void => {
    if (this.isFlushDue) return
    this.isFlushDue = true
    queueMicrotask(this.flush)
  }

  /**
   * Somebody waits for the answer to what was just written: it is shown at once, and this thread looks for the answer
   * before it parks again. The thread that answers need not wake this one then, and a wake costs both of them.
   */
  readonly expectAnswer = (): void => {
    for (const writer of this.writers) writer.flush()
    if (this.doorbell === undefined) return
    this.isAnswerDue = true
    if (this.isBusy || !this.isStarted || this.isStopped) return
    // P5. A wait that is under way stays: it ends with the next bell, and stands for that of the next park until then.
    this.doorbell.withdraw()
    this.isBusy = true
    queueMicrotask(this.tick)
  }

  start(): void {
    if (this.isStarted) return
    this.isStarted = true
    this.isBusy = true
    setImmediate(this.tick)
  }

  /** No further event is handed over. What was sent is still shown. */
  stop(): void {
    this.isStopped = true
    this.flush()
  }

  /** Looks for work now rather than after a wake. */
  readonly kick = (): void => {
    if (this.isBusy || !this.isStarted || this.isStopped) return
    this.isBusy = true
    queueMicrotask(this.tick)
  }

  private readonly flush = (): void => {
    this.isFlushDue = false
    for (const writer of this.writers) writer.flush()
  }

  private readonly tick = (): void => {
    this.records = 0
    this.rounds = 0
    this.onTick()
    this.round()
  }

  private readonly round = (): void => {
    if (this.isStopped) return
    const isQuiet = this.releaseWhenQuiet()
    const recordsMax = isQuiet ? RECORDS_PER_READER : RECORDS_WHEN_BUSY
    let count = 0
    for (const reader of this.readers) count += reader.drain(recordsMax)
    this.records += count
    this.rounds += 1
    // Actors that got something have their turns in microtasks queued before this one.
    if (count > 0) queueMicrotask(this.settle)
    else this.settle()
  }

  private readonly settle = (): void => {
    if (this.isStopped) return
    const isQuiet = this.releaseWhenQuiet()
    if (!isQuiet || this.records >= RECORDS_PER_TICK || this.rounds >= ROUNDS_PER_TICK) setImmediate(this.tick)
    else if (this.hasRecords() || this.spin()) this.round()
    else this.park()
  }

  /**
   * What was taken is given back once it is known to be handled, and what was sent meanwhile to be with the others: should
   * this thread be lost, nothing of it is lost in silence. Half of a way is given back in any case.
   */
  private releaseWhenQuiet(): boolean {
    this.flush()
    const isQuiet = this.isQuiet() && !this.writers.some((writer) => writer.isBlocked)
    for (const reader of this.readers) if (isQuiet || reader.isHalfHeld) reader.release()
    return isQuiet
  }

  private readonly hasRecords = (): boolean => {
    for (const reader of this.readers) if (!reader.isEmpty()) return true
    return false
  }

  private spin(): boolean {
    if (this.doorbell === undefined) return false
    const habit = this.isAnswerDue ? this.lookForAnswer : this.lookForMore
    this.isAnswerDue = false
    return habit.spin(this.hasRecords)
  }

  private park(): void {
    const { doorbell } = this
    if (doorbell === undefined) {
      this.isBusy = false
      return
    }
    // P1
    doorbell.announce()
    // P2 for room, which is F1 and F2: see `ChannelWriter.flush`.
    for (const writer of this.writers) if (writer.isBlocked) writer.flush()
    // P2 for records.
    if (this.hasRecords()) {
      this.wake()
      return
    }
    this.isBusy = false
    if (this.isWaiting) return
    // P3
    const waiting = doorbell.wait()
    if (waiting === undefined) {
      this.wake()
      return
    }
    this.isWaiting = true
    waiting.then(this.afterWait, this.afterWait)
  }

  private readonly afterWait = (): void => {
    this.isWaiting = false
    this.doorbell?.woken()
    if (this.isBusy) return
    this.isBusy = true
    this.tick()
  }

  /** P5 */
  private wake(): void {
    this.doorbell?.withdraw()
    this.isBusy = true
    queueMicrotask(this.round)
  }
}
