import { z } from 'zod'

/** What chaos is made of. */
export const CHAOS_OPTIONS = z.strictObject({
  nodes: z.int().min(2).max(8).default(3).describe('machines with accounts and crews'),
  accounts: z.int().min(1).max(50).default(6).describe('durable accounts of each machine'),
  notaries: z
    .union([z.literal(0), z.literal(1), z.literal(4), z.literal(7)])
    .optional()
    .describe('1, or 3f + 1; 0: there is no market. Absent: drawn, four in one of four seeds, else one'),
  buyers: z.int().min(1).max(20).default(2).describe('buyers on the market'),
  sellers: z.int().min(1).max(20).default(2).describe('sellers on the market'),
  purchases: z.int().min(0).max(50).default(2).describe('purchases of each buyer while there are faults'),
  faults: z.int().min(0).max(500).default(36).describe('faults that are drawn'),
  seconds: z.int().min(1).max(600).default(12).describe('virtual seconds with faults'),
})

export type ChaosOptions = z.output<typeof CHAOS_OPTIONS>
