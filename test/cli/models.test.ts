import { describe, expect, it } from 'vitest'
import { runInProcess } from './run-in-process.ts'

type ProbedModel = {
  readonly id: string
  readonly memory_bytes: number | null
  readonly fits_alone: boolean
  readonly chosen: boolean
}

describe('kernell models list', () => {
  it('answers the column `callable` with yes or no, and why not', async () => {
    const { output } = await runInProcess(['models', 'list', '--all'])
    expect(output).toContain('no: no provider')
    expect(output).toMatch(/openai\/small .* yes/)
  })
})

describe('kernell models probe', () => {
  it('gives every model its own size, and tells what fits alone from what is chosen to fit together', async () => {
    const document = (await runInProcess(['models', 'probe', '--json'])).json()
    const models = document.models as readonly ProbedModel[]
    const fitted = document.fitted as readonly { readonly id: string; readonly memory_bytes: number }[]
    expect(models.length).toBeGreaterThan(3)
    for (const model of models) {
      expect(model.memory_bytes).toBeGreaterThan(0)
      expect(model.fits_alone).toBe(Number(model.memory_bytes) <= Number(document.budget_bytes))
      expect(model.chosen).toBe(fitted.some(({ id }) => id === model.id))
      if (model.chosen) expect(model.fits_alone).toBe(true)
    }
    expect(new Set(models.map((model) => model.memory_bytes)).size).toBeGreaterThan(1)
    const { output } = await runInProcess(['models', 'probe'], { columns: 140 })
    expect(output).toMatch(/fits alone +chosen together/)
  })
})
