import { z } from 'zod'

/** What a fleet is made of. */
export const FLEET_OPTIONS = z.strictObject({
  buyers: z.int().min(1).max(20).default(2).describe('buyers from the beginning'),
  sellers: z.int().min(1).max(20).default(2).describe('sellers from the beginning'),
  arbiters: z.int().min(0).max(7).default(2).describe('arbiters from the beginning'),
  joiners: z.int().min(0).max(20).default(2).describe('parties that join while there are faults'),
  leavers: z.int().min(0).max(20).default(2).describe('parties that leave while there are faults'),
  purchases: z.int().min(0).max(50).default(2).describe('purchases of each buyer while there are faults'),
  liars: z
    .union([z.literal(0), z.literal(1)])
    .optional()
    .describe('notaries that lie. Absent: drawn, one in six of ten seeds'),
  faults: z.int().min(0).max(500).default(30).describe('faults that are drawn'),
  seconds: z
    .int()
    .min(2)
    .max(600)
    .default(10)
    .describe('virtual seconds with faults, before two notaries fail or one does'),
})

export type FleetOptions = z.output<typeof FLEET_OPTIONS>
