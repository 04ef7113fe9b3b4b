import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { parseDatasetRow } from '../../../../src/learning/dataset/dataset-row.ts'
import type { DataCard } from '../../../../src/learning/dataset/data-card.ts'
import { buildDataset, type BuildDatasetInit } from '../../../../src/node/learning/dataset/build-dataset.ts'
import { eventsOfFile, eventsOfRecords } from '../../../../src/node/learning/dataset/event-source.ts'
import { eventOf, feedback, VERIFIED } from '../../../learning/labels/event-builder.ts'
import { failureOf } from '../../../fixtures/failure-of.ts'
import { DataFolder, removeDataFolders } from '../data-folder.ts'

afterAll(removeDataFolders)

const record = (task: number, changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  task_hash: createHash('sha256').update(String(task)).digest('hex'),
  timestamp: `2026-01-${String((task % 28) + 1).padStart(2, '0')}T00:00:00.000Z`,
  policy_version: 'priors-1',
  actual_tier_used: 'local_small',
  success: true,
  was_escalated: false,
  cost_usd: 0,
  latency_ms: 100 + task,
  tokens_in: 20,
  tokens_out: 30,
  ...VERIFIED,
  ...changes,
})

const CONTRACT_FIELDS =
  'task_hash task_token_count task_domain hardware_tier has_gpu predicted_route actual_route was_escalated escalation_chain success cost_usd latency_s tokens_total optimal_route should_use_premium penalty label_confidence label_reason error_type error_severity'.split(
    ' ',
  )

type Building = Partial<Omit<BuildDatasetInit, 'source' | 'output'>> & { readonly signal?: AbortSignal }

async function build(
  folder: DataFolder,
  rows: readonly unknown[],
  { signal, ...init }: Building = {},
): Promise<DataCard> {
  const source = await eventsOfFile(folder.write('in.jsonl', rows))
  const output = folder.file('out.jsonl')
  const built = await buildDataset({ mode: 'default', ...init, source, output }, signal === undefined ? {} : { signal })
  return built.card
}

describe('building a dataset', () => {
  it('keeps every row in order, once, and the record with feedback before the one without', async () => {
    const folder = new DataFolder()
    const said = { feedback: [feedback({ value: 0 })] }
    const rows = [
      record(1),
      record(2, { event_id: 'a', timestamp: '2026-01-05T00:00:00.000Z' }),
      record(3, { actual_tier_used: 'cache' }),
      record(1, { event_id: 'again' }),
      record(2, { event_id: 'b', ...said }),
      record(4),
      record(2),
    ]
    const card = await build(folder, rows)
    expect(folder.rows('out.jsonl').map(({ task_hash, label_reason }) => [task_hash, label_reason])).toEqual([
      [record(1)['task_hash'], 'succeeded_at_local'],
      [record(2)['task_hash'], 'all_failed_needs_premium'],
      [record(4)['task_hash'], 'succeeded_at_local'],
    ])
    expect(card.counts).toEqual({
      records: 7,
      kept: 3,
      dropped: { duplicate: 3, unreadable: 0, unknown_tier: 1, ambiguous: 0, unverified: 0 },
    })
  })

  it('tells outcomes apart to the last figure: the same task again is no duplicate', async () => {
    const card = await build(new DataFolder(), [
      record(1),
      record(1, { latency_ms: 101.5 }),
      record(1, { success: false }),
    ])
    expect(card.counts.kept).toBe(3)
  })

  it('gives the same file and card whether identities fit into memory or not', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => record(index % 200))
    const [small, large] = [new DataFolder(), new DataFolder()]
    const cards = [await build(small, rows, { identitiesMax: 7 }), await build(large, rows)]
    expect(cards[0]).toEqual(cards[1])
    expect(cards[0]?.counts.kept).toBe(200)
    expect(small.text('out.jsonl')).toBe(large.text('out.jsonl'))
    expect(small.names()).toEqual(['in.jsonl', 'out.card.json', 'out.jsonl'])
  })

  it('describes what it wrote', async () => {
    const folder = new DataFolder()
    const card = await build(folder, [
      record(1),
      record(2, { success: false, verifier_accepted: false, task_text: 'do it' }),
      record(3, { policy_version: 'v2', actual_tier_used: 'cheap_api', cost_usd: 0.1 }),
    ])
    expect(card).toMatchObject({
      mode: 'default',
      route_distribution: { local: 1, cheap: 1, premium: 1 },
      actual_routes: { local: 2, cheap: 1, premium: 0 },
      error_types: { none: 2, misroute: 1 },
      label_reasons: { all_failed_needs_premium: 1, succeeded_at_cheap: 1, succeeded_at_local: 1 },
      balance: { smallest_share: 1 / 3, is_balanced: true },
      success_rate: 2 / 3,
      with_prompt: 1,
      tasks: 3,
      time_range: { from: '2026-01-02T00:00:00.000Z', to: '2026-01-04T00:00:00.000Z' },
      policy_versions: { 'priors-1': 2, v2: 1 },
      outcome_sources: { executed: 3 },
      leakage: { passed: true, rows: 3, leaks: [] },
    })
    const text = folder.text('out.jsonl')
    expect([card.data_sha256, card.data_bytes]).toEqual([createHash('sha256').update(text).digest('hex'), text.length])
    expect(JSON.parse(folder.text('out.card.json'))).toEqual(card)
    const fields = new Set(folder.rows('out.jsonl').flatMap((row) => Object.keys(row)))
    const listed = [...card.schema.identity, ...card.schema.features, ...card.schema.labels]
    expect([...fields].filter((name) => !listed.includes(name))).toEqual([])
    for (const name of ['out.jsonl', 'out.card.json']) expect(statSync(folder.file(name)).mode & 0o777).toBe(0o600)
  })

  it('in the compatibility mode writes the contract’s fields and nothing else, by its rules', async () => {
    const folder = new DataFolder()
    const rows = [record(1, { verifier_confidence: 0.5 }), record(2, { success: false, verifier_confidence: 0.5 })]
    const card = await build(folder, rows, { mode: 'compat' })
    expect(card.counts.dropped.ambiguous).toBe(1)
    const [row] = folder.rows('out.jsonl')
    expect(Object.keys(row ?? {})).toEqual(CONTRACT_FIELDS)
    expect(row?.['label_confidence']).toBe(0.665)
  })

  it('reads and writes packed files', async () => {
    const folder = new DataFolder()
    const source = await eventsOfFile(folder.write('in.jsonl.gz', [record(1), record(2)]))
    const { cardPath, card } = await buildDataset({ source, output: folder.file('out.jsonl.gz'), mode: 'default' })
    expect(cardPath).toBe(folder.file('out.card.json'))
    expect(folder.rows('out.jsonl.gz')).toHaveLength(2)
    expect(card.data_sha256).toBe(createHash('sha256').update(folder.text('out.jsonl.gz')).digest('hex'))
  })

  it('labels the records of a node, whose outcomes are tasks of the log', async () => {
    const folder = new DataFolder()
    const list = async function* (): AsyncGenerator<ReturnType<typeof eventOf>> {
      for (let task = 0; task < 1200; task += 1) yield await Promise.resolve(eventOf(record(task, { tenant: 'acme' })))
    }
    const written: unknown[] = []
    await buildDataset({
      source: eventsOfRecords(list),
      output: folder.file('out.jsonl'),
      mode: 'default',
      onWritten: async (rows) => {
        expect(existsSync(folder.file('out.jsonl'))).toBe(false)
        written.push(await Promise.resolve(rows))
      },
    })
    expect(written).toMatchObject([{ rows: 1200, tenants: ['acme'], from: '2026-01-01T00:00:00.000Z' }])
    const lines = folder.text('out.jsonl').trimEnd().split('\n')
    expect(lines.map((line) => parseDatasetRow(line, 'x')?.outcome.success)).toEqual(lines.map(() => 1))
  })

  it('counts what it cannot read, and says where', async () => {
    const card = await build(new DataFolder(), ['{', '', record(1), { ...record(2), success: 'false' }, '[]'])
    expect(card.counts).toMatchObject({ records: 4, kept: 1, dropped: { unreadable: 3 } })
    expect(card.unreadable).toEqual([
      { line: 1, problem: 'it is not JSON' },
      { line: 4, problem: 'success is neither true nor false' },
      { line: 5, problem: 'it is not an object' },
    ])
  })

  it.each<readonly [string, readonly unknown[]]>([
    ['nothing', []],
    ['nothing that can be read', ['x', 'y']],
  ])('of %s is refused', async (_what, rows) => {
    const folder = new DataFolder()
    expect(await failureOf(build(folder, rows))).toMatchObject({ code: 'TRAINING_DATA_INVALID' })
    expect(folder.names()).toEqual(['in.jsonl'])
  })

  it('keeps what other programs noted of a task beforehand', async () => {
    const folder = new DataFolder()
    await build(folder, [{ ...record(1), features: { chars: 12 }, metadata: { language: 'en' } }])
    expect(folder.rows('out.jsonl')[0]?.['metadata']).toEqual({ 'features.chars': 12, 'metadata.language': 'en' })
  })

  const many = (plant: (index: number, row: Readonly<Record<string, unknown>>) => object): readonly unknown[] =>
    Array.from({ length: 60 }, (_, index) => {
      const row = record(index, {
        success: index % 3 !== 0,
        cost_usd: (index * 37) % 101,
        tokens_out: (index * 53) % 89,
      })
      return { ...row, ...plant(index, row) }
    })

  it.each<readonly [string, readonly unknown[], string]>([
    ['success among the features', [record(1), { ...record(2), features: { success: true } }], 'features.success'],
    ['a cost in the metadata of a task', [{ ...record(1), task_metadata: { cost_usd: 1 } }], 'task_metadata.cost_usd'],
    ['the answer', [{ ...record(1), metadata: { answer: 'forty-two' } }], 'metadata.answer'],
    [
      'the cost under another name',
      many((_, row) => ({ features: { budget_hint: row['cost_usd'] } })),
      'features.budget_hint',
    ],
    [
      'success under another name',
      many((_, row) => ({ metadata: { shade: row['success'] === true ? 'a' : 'b' } })),
      'metadata.shade',
    ],
    ['time in a vector', many((_, row) => ({ feature_vector: [1, Number(row['latency_ms'])] })), 'feature_vector.1'],
    [
      'its own figures in the text',
      many((_, row) => ({ task_text: `Do it, latency_ms=${String(row['latency_ms'])}` })),
      'prompt: latency_ms',
    ],
  ])('fails on a planted outcome and leaves nothing: %s', async (_what, rows, field) => {
    for (const mode of field.startsWith('prompt') ? (['default'] as const) : (['default', 'compat'] as const)) {
      const folder = new DataFolder()
      const failure = await failureOf(build(folder, rows, { mode }))
      expect(failure).toMatchObject({ code: 'DATA_LEAKAGE', details: { leaks: [{ field }] } })
      expect(folder.names()).toEqual(['in.jsonl'])
    }
  })

  it('that is stopped leaves nothing, and what was there stays', async () => {
    const folder = new DataFolder()
    writeFileSync(folder.file('out.jsonl'), 'old')
    const stopping = new AbortController()
    const rows = Array.from({ length: 20_000 }, (_, index) => record(index))
    const source = await eventsOfFile(folder.write('in.jsonl', rows))
    const work = buildDataset(
      { source, output: folder.file('out.jsonl'), mode: 'default', identitiesMax: 100 },
      {
        signal: stopping.signal,
        onProgress: ({ done, total }) => done > total / 2 && stopping.abort(new Error('gone')),
      },
    )
    await expect(work).rejects.toThrow('gone')
    expect(folder.names()).toEqual(['in.jsonl', 'out.jsonl'])
    expect(folder.text('out.jsonl')).toBe('old')
  })

  it('counts a record that is no text, or is nested without end, as one that cannot be read', async () => {
    const folder = new DataFolder()
    let deep: unknown = 1
    for (let level = 0; level < 8; level += 1) deep = { deep }
    const file = folder.write('in.jsonl', [record(1), record(2, { metadata: deep }), record(3)])
    appendFileSync(file, Buffer.from([0x7b, 0xff, 0x7d, 0x0a]))
    appendFileSync(file, `${JSON.stringify(record(4))}\n`)
    const source = await eventsOfFile(file)
    const { card } = await buildDataset({ source, output: folder.file('out.jsonl'), mode: 'default' })
    expect(card).toMatchObject({
      counts: { records: 5, kept: 3, dropped: { unreadable: 2 } },
      unreadable: [
        { line: 2, problem: 'metadata.deep.deep.deep.deep.deep.deep is nested more than 6 levels deep' },
        { line: 4, problem: 'it is not UTF-8 text' },
      ],
    })
  })

  it('sweeps what a build of the same output left that was killed, and nothing else', async () => {
    const folder = new DataFolder()
    const { pid: dead } = spawnSync(process.execPath, ['--version'])
    const alive = process.ppid
    mkdirSync(folder.file(`out.jsonl.${dead}.partial-abc123`))
    writeFileSync(folder.file(`out.jsonl.${dead}.partial-abc123/part-0`), 'x')
    for (const name of [`out.jsonl.${dead}.partial`, `out.card.json.${dead}.partial`])
      writeFileSync(folder.file(name), 'x')
    const others = [`out.jsonl.${alive}.partial`, `out.jsonl.${dead}.partial.txt`, `other.jsonl.${dead}.partial`]
    for (const name of others) writeFileSync(folder.file(name), 'x')
    await build(folder, [record(1)])
    expect(folder.names().toSorted()).toEqual(['in.jsonl', 'out.jsonl', 'out.card.json', ...others].toSorted())
  })

  it('is refused where it was not told in time that the input changed, or cannot write', async () => {
    const folder = new DataFolder()
    const source = await eventsOfFile(folder.write('in.jsonl', [record(1)]))
    folder.write('in.jsonl', [record(1), record(2)])
    const init = { source, output: folder.file('out.jsonl'), mode: 'default' } as const
    expect(await failureOf(buildDataset(init))).toMatchObject({ code: 'DATA_INPUT_CHANGED' })
    const again = await eventsOfFile(folder.file('in.jsonl'))
    const nowhere = { source: again, output: folder.file('no/out.jsonl'), mode: 'default' } as const
    expect(await failureOf(buildDataset(nowhere))).toMatchObject({ code: 'STORE_WRITE_FAILED' })
    expect(folder.names()).toEqual(['in.jsonl'])
  })
})
