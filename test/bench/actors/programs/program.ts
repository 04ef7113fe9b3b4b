/** What one run of one contestant gives: figures by name, among them `count`, the units that were seen completed. */
export type Figures = Readonly<Record<string, number>>

/** Runs one case at a size of the case's own unit. */
export type Program = (size: number) => Promise<Figures>

/** User and system microseconds of the whole process, garbage collection and compilation included. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Lets timers, sockets and other actors have their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Counts afterwards, outside the time that is measured, what was completed. */
export type Count = () => number

/** Work that is done: what counts it, and what ends the actors that are left. */
export type Done = { readonly count: Count; readonly close: () => Promise<void> }

/**
 * Once at a tenth of the size to warm up, then the run that counts.
 *
 * @returns `count`, `rate` (units per CPU-second) and `nanoseconds` (CPU per unit).
 */
export async function measureRate(size: number, work: (size: number) => Promise<Done>): Promise<Figures> {
  const warm = await work(Math.max(1, Math.floor(size / 10)))
  await warm.close()
  const startedUs = cpuMicros()
  const done = await work(size)
  const spentUs = cpuMicros() - startedUs
  const count = done.count()
  await done.close()
  return { count, rate: (count / spentUs) * 1e6, nanoseconds: (spentUs * 1_000) / count }
}

/** A promise and what resolves it. */
export type Signal = { readonly promise: Promise<void>; readonly give: () => void }

export function createSignal(): Signal {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, give: resolve }
}

/** The same sequence of whole numbers below 2^31 for everybody: Lehmer's generator. `seed` from 1 to 2^31 - 2. */
export function nextDraw(seed: number): number {
  return (seed * 48_271) % 2_147_483_647
}
