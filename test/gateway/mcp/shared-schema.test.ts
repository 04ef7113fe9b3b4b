import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { shareSchema } from '../../../src/gateway/mcp/shared-schema.ts'

const OPTIONS = { target: 'draft-2020-12' } as const

describe('a schema that servers share', () => {
  it('is converted once for each side and draft, to what it is by itself', () => {
    const schema = z.object({ hour: z.coerce.number<string>().default(7) })
    const shared = shareSchema(schema)
    const { jsonSchema } = shared['~standard']
    expect(jsonSchema.input(OPTIONS)).toEqual(schema['~standard'].jsonSchema.input(OPTIONS))
    expect(jsonSchema.output(OPTIONS)).toEqual(schema['~standard'].jsonSchema.output(OPTIONS))
    expect(jsonSchema.output(OPTIONS)).not.toEqual(jsonSchema.input(OPTIONS))
    expect(jsonSchema.input(OPTIONS)).toBe(jsonSchema.input({ ...OPTIONS }))
    expect(jsonSchema.input({ target: 'draft-07' })).not.toEqual(jsonSchema.input(OPTIONS))
  })

  it('reads as it does by itself', async () => {
    const shared = shareSchema(z.object({ hour: z.int() }))
    expect(await shared['~standard'].validate({ hour: 3 })).toEqual({ value: { hour: 3 } })
    expect(await shared['~standard'].validate({ hour: 'x' })).toMatchObject({ issues: [{ path: ['hour'] }] })
  })
})
