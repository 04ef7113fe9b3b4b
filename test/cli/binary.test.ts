import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeFolder, removeFolders, runBinary, startBinary } from './run-binary.ts'

type Chat = {
  readonly choices?: readonly { readonly message: { readonly content: string } }[]
  readonly error?: { readonly code: string; readonly message: string }
}
type Answer = { readonly status: number; readonly tier: string | null; readonly body: Chat }

/** Asks a served node one question over HTTP. */
async function ask(url: string, prompt: string): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell', messages: [{ role: 'user', content: prompt }] }),
  })
  return {
    status: response.status,
    tier: response.headers.get('x-kernell-tier'),
    body: (await response.json()) as Chat,
  }
}

function urlOf(readyLine: string): string {
  return (JSON.parse(readyLine) as { url: string }).url
}

/** A provider that lists a model, takes a question, and never answers it. */
async function startSilentProvider(): Promise<{
  readonly server: Server
  readonly baseUrl: string
  readonly asked: Promise<void>
}> {
  let markAsked = (): void => undefined
  const asked = new Promise<void>((resolve) => (markAsked = resolve))
  const server = createServer((request, response) => {
    if (request.method === 'GET') response.end(JSON.stringify({ object: 'list', data: [{ id: 'silent' }] }))
    else markAsked()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { server, baseUrl: `http://127.0.0.1:${port}/v1`, asked }
}

afterAll(removeFolders)

describe('the command', () => {
  it.each([
    [['version'], 0],
    [['help'], 0],
    [['srve'], 2],
    [['serve', '--prot', '1'], 2],
    [['route'], 2],
    [['eval', 'cache', '--train', 'absent', '--test', 'absent', '--max-wrong', '0.01'], 2],
  ])('%j ends with %i', async (words, code) => {
    expect((await runBinary(words)).code).toBe(code)
  })

  it('refuses a wrong configuration with 2 and the key', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'wrong.jsonc'), '{ "sever": {} }')
    const run = await runBinary(['serve', '--config', 'wrong.jsonc', '--json'], { folder })
    expect(run.code).toBe(2)
    expect(JSON.parse(run.output)).toMatchObject({
      error: { code: 'CONFIG_INVALID', details: { key: 'sever', nearest: 'server' } },
    })
  })

  it('writes a configuration that it then reads', async () => {
    const folder = makeFolder()
    expect((await runBinary(['init'], { folder })).code).toBe(0)
    expect(existsSync(join(folder, 'kernell/config.jsonc'))).toBe(true)
    if (process.platform !== 'win32') expect(statSync(join(folder, 'kernell')).mode & 0o077).toBe(0)
    const run = await runBinary(['doctor', '--json'], { folder })
    const { ok, checks } = JSON.parse(run.output) as { ok: boolean; checks: { name: string; detail: string }[] }
    expect(ok).toBe(true)
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'configuration', detail: join(folder, 'kernell/config.jsonc') }),
    )
  })

  it('closes cleanly when its reader has seen enough', async () => {
    const started = startBinary(['models', 'list', '--all', '--json'])
    started.child.stdout?.destroy()
    const { code, errors } = await started.ended
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
  })
})

describe('kernell doctor', () => {
  it('says what is off, with the command that mends it, and ends with 0', async () => {
    const run = await runBinary(['doctor'])
    expect(run.code).toBe(0)
    expect(run.output).toContain('kernell eval routing')
    expect(run.output).toContain('kernell eval cache')
    expect(run.output).toContain('OPENAI_API_KEY')
  })

  it('fails for a key that is named and not set', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'c.jsonc'), '{ "providers": { "x": { "kind": "openai", "apiKeyEnv": "NOT_SET" } } }')
    const run = await runBinary(['doctor', '--config', 'c.jsonc', '--json'], { folder })
    expect(run.code).toBe(1)
    expect(JSON.parse(run.output)).toMatchObject({ ok: false })
    expect(run.output).toContain('export NOT_SET=')
  })
})

describe('kernell route without a model', () => {
  it('answers what a tool answers exactly', async () => {
    const run = await runBinary(['route', 'What is 17% of 2340?', '--json'])
    expect(run.code).toBe(0)
    expect(JSON.parse(run.output)).toMatchObject({
      output: expect.stringContaining('397.8') as unknown,
      tier: 'deterministic',
      cost_usd: 0,
    })
  })

  it('says for the rest what to configure', async () => {
    const run = await runBinary(['route', 'Write a short poem about the sea.', '--json'])
    expect(run.code).toBe(1)
    expect(JSON.parse(run.output)).toMatchObject({
      error: { code: 'ROUTER_NO_MODEL', message: expect.stringContaining('OPENAI_API_KEY') as unknown },
    })
  })
})

describe('kernell models import', () => {
  it('keeps a list that the next command reads', async () => {
    const folder = makeFolder()
    const list = {
      'gpt-4o-mini': {
        litellm_provider: 'openai',
        mode: 'chat',
        input_cost_per_token: 1e-6,
        output_cost_per_token: 2e-6,
      },
    }
    writeFileSync(join(folder, 'list.json'), JSON.stringify(list))
    const imported = await runBinary(['models', 'import', 'list.json', '--format', 'litellm', '--json'], { folder })
    expect(JSON.parse(imported.output)).toMatchObject({ list: 'litellm', models: 1, refused: [] })
    const listed = await runBinary(['models', 'list', '--all', '--json'], { folder })
    const { models } = JSON.parse(listed.output) as {
      models: { id: string; prices: { input_usd_per_million: number }[] }[]
    }
    expect(models.find((model) => model.id === 'openai/gpt-4o-mini')?.prices[0]?.input_usd_per_million).toBe(1)
  })
})

describe('kernell serve', () => {
  it('starts without a key in under five seconds, answers what it can, says what is missing, and stops at Ctrl-C', async () => {
    const startedAt = performance.now()
    const serving = startBinary(['serve', '--port', '0', '--json'])
    const ready = await serving.untilOutput(/"event":"ready"/)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(JSON.parse(ready)).toMatchObject({ event: 'ready', models: { available: 0 }, missing: ['model'], keys: 0 })
    const url = urlOf(ready)
    expect(await ask(url, 'What is 17% of 2340?')).toMatchObject({ status: 200, tier: 'deterministic' })
    expect(await ask(url, 'Write a short poem about the sea.')).toMatchObject({
      status: 503,
      body: { error: { code: 'ROUTER_NO_MODEL' } },
    })
    serving.child.kill('SIGINT')
    const run = await serving.ended
    expect(run.code).toBe(0)
    // The log: one document a line, from its first line to its last.
    const log = run.errors
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly msg: string })
    expect(log.map(({ msg }) => msg)).toEqual(['listening', 'stopped'])
    expect(run.output.trim().split('\n').at(-1)).toBe('{"event":"stopped"}')
  })

  it('tells people where it listens, what is configured, and how to add a model', async () => {
    const serving = startBinary(['serve', '--port', '0'])
    await serving.untilOutput(/Ctrl-C stops it/)
    serving.child.kill('SIGTERM')
    const { code, output } = await serving.ended
    expect(code).toBe(0)
    expect(output).toMatch(/^kernell \S+ is listening on http:\/\/127\.0\.0\.1:\d+\n/)
    expect(output).toContain('none configured')
    expect(output).toContain('export OPENAI_API_KEY=')
    expect(output).toContain('documented priors')
    expect(output).toMatch(/Try: curl http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions/)
  })

  it('shares its data directory: tasks of other commands run on it, estimates beside it, the rest names it', async () => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'tasks.jsonl'), '{"id":"a","prompt":"What is 3*3?"}\n{"prompt":"Write a short poem."}\n')
    const serving = startBinary(['serve', '--port', '0', '--json'], { folder })
    const url = urlOf(await serving.untilOutput(/"event":"ready"/))
    const announced = join(folder, 'data/serve.json')
    expect(JSON.parse(readFileSync(announced, 'utf8'))).toEqual({
      pid: serving.child.pid,
      url,
      control_token: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    })
    expect(statSync(announced).mode & 0o777).toBe(0o600)

    const task = await runBinary(['route', 'What is 17% of 2340?', '--json'], { folder })
    expect(task.code).toBe(0)
    expect(JSON.parse(task.output)).toMatchObject({
      output: expect.stringContaining('397.8') as unknown,
      tier: 'deterministic',
      cost_usd: 0,
      was_cached: false,
      attempts: [],
      served_by: url,
    })
    const read = await runBinary(['route', 'What is 17% of 2340?'], { folder })
    expect(read.output).toContain('397.8')
    expect(read.errors).toContain(url)
    const explained = await runBinary(['route', 'What is 17% of 2340?', '--explain'], { folder })
    expect(explained.errors).toMatch(/route \w+, confidence [\d.]+, risk \w+, difficulty/)
    const whole = await runBinary(['route', 'What is 17% of 2340?', '--explain', '--json'], { folder })
    expect(JSON.parse(whole.output)).toMatchObject({ decision: { candidates: [], reasons: [expect.any(String)] } })
    const batch = await runBinary(['route', '--file', 'tasks.jsonl', '--json'], { folder })
    expect(batch.code).toBe(1)
    expect(JSON.parse(batch.output)).toMatchObject({
      tasks: [
        { id: 'a', output: expect.stringContaining('9') as unknown },
        { id: '2', error: { code: 'ROUTER_NO_MODEL' } },
      ],
      totals: { tasks: 2, failed: 1, cost_usd: 0 },
    })
    const wrong = await runBinary(['route', 'hello', '--quality', '2', '--json'], { folder })
    expect(wrong.code).toBe(2)
    expect(JSON.parse(wrong.output)).toMatchObject({
      error: { message: expect.stringContaining('--quality') as unknown },
    })
    const foreign = await runBinary(['route', 'hello', '--tenant', 'acme', '--json'], { folder })
    expect(JSON.parse(foreign.output)).toMatchObject({ error: { code: 'STORE_LOCKED', details: { url } } })

    const estimate = await runBinary(['estimate', 'What is 17% of 2340?', '--json'], { folder })
    expect(estimate.errors).toContain('estimated beside it')
    expect(JSON.parse(estimate.output)).toMatchObject({ deterministic_tool: expect.any(String) as unknown })
    const listed = await runBinary(['models', 'list', '--json'], { folder })
    expect(listed.code).toBe(1)
    expect(JSON.parse(listed.output)).toMatchObject({
      error: { code: 'STORE_LOCKED', details: { remedy: expect.stringContaining(`${url}/v1/models`) as unknown } },
    })
    const doctor = await runBinary(['doctor', '--json'], { folder })
    expect(doctor.code).toBe(0)
    expect(doctor.output).toContain(`${url}/healthz`)
    serving.child.kill('SIGINT')
    expect((await serving.ended).code).toBe(0)
    expect(existsSync(announced)).toBe(false)
    // Ten processes, one after the other.
  }, 60_000)

  it('answers the command line with the key of KERNELL_API_KEY only, where keys are configured', async () => {
    const folder = makeFolder()
    const environment = { KERNELL_API_KEY: 'a-secret-of-this-test' }
    const serving = startBinary(['serve', '--port', '0', '--json'], { folder, environment })
    await serving.untilOutput(/"event":"ready"/)
    const without = await runBinary(['route', 'What is 2+2?', '--json'], { folder })
    expect(JSON.parse(without.output)).toMatchObject({
      error: {
        code: 'GATEWAY_KEY_INVALID',
        message: expect.stringContaining('KERNELL_API_KEY is not set') as unknown,
        details: { remedy: expect.stringContaining('KERNELL_API_KEY') as unknown },
      },
    })
    expect((await runBinary(['route', 'What is 2+2?'], { folder, environment })).output).toContain('4')
    serving.child.kill('SIGINT')
    await serving.ended
  })

  it('refuses to listen beyond loopback without keys, with 3', async () => {
    const run = await runBinary(['serve', '--host', '0.0.0.0', '--port', '0', '--json'])
    expect(run.code).toBe(3)
    expect(JSON.parse(run.output)).toMatchObject({ error: { code: 'GATEWAY_KEYS_REQUIRED' } })
  })

  it('ends at once at the second Ctrl-C, although a request is in flight', async () => {
    const provider = await startSilentProvider()
    const serving = startBinary(['serve', '--port', '0', '--json'], {
      environment: { OPENAI_BASE_URL: provider.baseUrl },
    })
    const url = urlOf(await serving.untilOutput(/"event":"ready"/))
    const dropped = ask(url, 'Write a short poem about the sea.').then(
      () => 'answered',
      () => 'dropped',
    )
    await provider.asked
    serving.child.kill('SIGINT')
    // The gateway takes nothing new once the first Ctrl-C has arrived.
    await expect
      .poll(
        async () =>
          await ask(url, 'What is 2+2?').then(
            ({ status }) => status,
            () => 0,
          ),
      )
      .not.toBe(200)
    serving.child.kill('SIGINT')
    expect((await serving.ended).code).toBe(130)
    expect(await dropped).toBe('dropped')
    provider.server.closeAllConnections()
    provider.server.close()
  })
})

describe('kernell route --file', () => {
  it('prints what was finished at Ctrl-C, ends with 130, and leaves the data directory free', async () => {
    const provider = await startSilentProvider()
    const folder = makeFolder()
    const rows = ['What is 2+2?', ...Array.from({ length: 3 }, () => 'Write a short poem about the sea.')]
    writeFileSync(join(folder, 'tasks.jsonl'), rows.map((prompt) => JSON.stringify({ prompt })).join('\n'))
    const environment = { OPENAI_BASE_URL: provider.baseUrl }
    const routing = startBinary(['route', '--file', 'tasks.jsonl', '--json'], { folder, environment })
    await provider.asked
    routing.child.kill('SIGINT')
    const run = await routing.ended
    expect(run.code).toBe(130)
    expect(JSON.parse(run.output)).toMatchObject({
      tasks: [{ id: '1', output: expect.stringContaining('4') as unknown }],
      totals: { tasks: 1, failed: 0 },
      interrupted: true,
    })
    expect((await runBinary(['route', 'What is 2+2?'], { folder })).output).toContain('4')
    provider.server.closeAllConnections()
    provider.server.close()
  })
})

describe('kernell eval routing', () => {
  it(
    'warns on stderr of prompts that are in both files, and judges in any order of the test file',
    { timeout: 60_000 },
    async () => {
      const folder = makeFolder()
      const rows = Array.from({ length: 40 }, (_, index) => ({
        prompt: `question ${index}`,
        models: { strong: { score: 1 }, weak: { score: index % 2 } },
      }))
      const write = (name: string, lines: readonly unknown[]): void =>
        writeFileSync(join(folder, name), lines.map((line) => JSON.stringify(line)).join('\n'))
      write('train.jsonl', rows.slice(0, 30))
      write('test.jsonl', rows.slice(25))
      write('reversed.jsonl', rows.slice(25).toReversed())
      const evaluate = async (test: string): Promise<{ readonly report: unknown; readonly errors: string }> => {
        const words = ['--train', 'train.jsonl', '--test', test, '--strong', 'strong', '--weak', 'weak', '--json']
        const { output, errors } = await runBinary(['eval', 'routing', ...words], { folder })
        return { report: JSON.parse(output.replaceAll(/"us_\w+":[^,}]+,?/g, '').replaceAll(',}', '}')), errors }
      }
      const forward = await evaluate('test.jsonl')
      expect(forward.errors).toContain('5 of 15 test rows have a prompt of the training files')
      expect((await evaluate('reversed.jsonl')).report).toEqual(forward.report)
    },
  )
})

describe('the package', () => {
  it('says its version everywhere the same', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string
    }
    expect((await runBinary(['version'])).output).toBe(`${version}\n`)
    expect((await runBinary(['help'])).output).toContain(`kernell ${version}`)
  })
})
