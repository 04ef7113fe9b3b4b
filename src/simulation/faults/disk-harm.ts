import { type DiskFaults, GOOD_DISK, type SimulatedDisk } from '../disk/simulated-disk.ts'
import type { FaultKind } from './fault-plan.ts'

/** Kinds of faults that befall a disk for a while. */
export const DISK_KINDS = ['slow-disk', 'full-disk', 'refused-write'] as const satisfies readonly FaultKind[]

export function isDiskKind(kind: FaultKind): boolean {
  return DISK_KINDS.some((each) => each === kind)
}

/** How a disk fares under such a fault; `undefined` for a kind that befalls no disk. */
export function troubledDisk(kind: FaultKind, strength: number): DiskFaults | undefined {
  if (kind === 'slow-disk') return { ...GOOD_DISK, latencyMsMin: 1, latencyMsMax: 5 + 60 * strength }
  if (kind === 'full-disk') return { ...GOOD_DISK, freeBytes: Math.floor(4_000 * strength) }
  return kind === 'refused-write' ? { ...GOOD_DISK, refused: 0.02 + 0.2 * strength } : undefined
}

/** How much harm of this kind has come to a disk so far. */
export function diskHarm({ counts }: SimulatedDisk, kind: FaultKind): number {
  if (kind === 'slow-disk') return counts.operations
  return isDiskKind(kind) ? counts.refused : 0
}
