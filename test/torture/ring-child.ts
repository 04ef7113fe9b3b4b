/** One of the two threads of `stress-ring.ts`. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { ThreadEnd } from '../../src/actors/threads/thread-links.ts'
import type { ChannelWriter } from '../../src/actors/threads/channel-writer.ts'
import { boardIndex, PARKS_WORD, viewThreadBoard } from '../../src/actors/threads/thread-board.ts'
import { IS_DONE, RECEIVED, SENT, WRONG } from './ring-work.ts'
import type { RingChild } from './ring-work.ts'

const TEXT_EVERY = 1_000

const { role, link, board, report, seed, work, plant } = workerData as RingChild

let state = seed | 1
/** From 0 up to `bound`, a whole number. */
function draw(bound: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % bound
}

if (plant === 'dropped-bell') {
  const notify = Atomics.notify.bind(Atomics)
  Object.defineProperty(Atomics, 'notify', {
    value: (words: Int32Array, index: number): number => (draw(50) === 0 ? 0 : notify(words, index)),
  })
}

let received = 0
const peer = role === 'writer' ? 1 : 0
const end = new ThreadEnd({
  thread: 1 - peer,
  board,
  // Short: what is looked for happens when threads park.
  spinUs: 5,
  receiver: () => ({
    receive: role === 'writer' ? (): void => {} : check,
    receiveControl: (): void => void (report[IS_DONE] = 1),
  }),
})
end.connect(link)
end.pump.start()
// A parked thread has nothing else that keeps it alive.
setInterval(() => {}, 2 ** 30)

function channel(): ChannelWriter {
  const writer = end.writerTo(peer)
  if (writer === undefined) throw new TypeError('The link is closed')
  return writer
}

function eventOf(number: number): object {
  if (number % TEXT_EVERY === 0) return { type: 'text', number, square: `${number} again`, wide: 'é語' }
  return { type: 'count', number, square: (number * number) % 1_000_003 }
}

function check(target: number, incarnation: number, event: unknown): void {
  const { number, square, wide } = event as { number: number; square: unknown; wide?: string }
  const expected = received % TEXT_EVERY === 0 ? `${received} again` : (received * received) % 1_000_003
  const isRight =
    number === received && square === expected && target === 1 + (received % 9) && incarnation === received
  if (!isRight || (wide !== undefined && wide !== 'é語')) Atomics.add(report, WRONG, 1)
  received += 1
  Atomics.store(report, RECEIVED, received)
  if ('parks' in work && draw(4) === 0) channel().send(1, 0, { type: 'answer', number })
}

async function send(number: number): Promise<void> {
  const writer = channel()
  while (!writer.send(1 + (number % 9), number, eventOf(number))) await writer.whenWritable()
  report[SENT] = number + 1
}

async function saturate(messages: number): Promise<void> {
  const writer = channel()
  for (let number = 0; number < messages; number += 1) {
    if (!writer.isWritable) await writer.whenWritable()
    if (!writer.send(1 + (number % 9), number, eventOf(number))) throw new TypeError('A writable channel refused')
    report[SENT] = number + 1
  }
}

async function pauseOften(parks: number): Promise<void> {
  const { words } = viewThreadBoard(board)
  const counts = [0, 1].map((thread) => boardIndex(thread, PARKS_WORD))
  const isEnough = (): boolean => counts.reduce((sum, word) => sum + Atomics.load(words, word), 0) >= parks
  for (let number = 0; !isEnough();) {
    for (let burst = 1 + draw(3); burst > 0; burst -= 1) {
      await send(number)
      number += 1
    }
    // Also while it is parked, and while a wait of before is still under way.
    if (draw(3) === 0) end.pump.expectAnswer()
    await pause()
  }
}

/** Mostly as long as the other thread needs to park, give or take. */
async function pause(): Promise<void> {
  const kind = draw(64)
  if (kind === 0) await sleep(draw(2))
  else if (kind < 24) await nextTurn()
  else {
    await Promise.resolve()
    const until = performance.now() + draw(40) / 1_000
    while (performance.now() < until);
    await nextTurn()
  }
}

if (role === 'writer') {
  await ('messages' in work ? saturate(work.messages) : pauseOften(work.parks))
  channel().sendControl('done')
}
