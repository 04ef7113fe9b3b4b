import { z } from 'zod'

/** What chaos is made of. */
export const CHAOS_OPTIONS = z.strictObject({
  /** Machines with accounts and crews. */
  nodes: z.int().min(2).max(8).default(3),
  /** Durable accounts of each machine. */
  accounts: z.int().min(1).max(50).default(6),
  /** Notaries: 1, or 3f + 1; 0: there is no market. Absent: drawn, four in one of four seeds, else one. */
  notaries: z.union([z.literal(0), z.literal(1), z.literal(4), z.literal(7)]).optional(),
  buyers: z.int().min(1).max(20).default(2),
  sellers: z.int().min(1).max(20).default(2),
  /** Purchases of each buyer while there are faults. */
  purchases: z.int().min(0).max(50).default(2),
  /** Faults that are drawn. */
  faults: z.int().min(0).max(500).default(36),
  /** Virtual seconds with faults. */
  seconds: z.int().min(1).max(600).default(12),
})

export type ChaosOptions = z.output<typeof CHAOS_OPTIONS>
