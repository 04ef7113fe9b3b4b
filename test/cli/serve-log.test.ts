import { afterAll, describe, expect, it } from 'vitest'
import { removeFolders, runBinary, startBinary } from './run-binary.ts'

afterAll(removeFolders)

/** Serves with these words, asks for the models and stops: what the log says of it. */
async function serveOnce(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const serving = startBinary(['serve', '--port', '0', '--json', ...words], { environment })
  const { url } = JSON.parse(await serving.untilOutput(/"ready"/)) as { readonly url: string }
  const response = await fetch(`${url}/v1/models`, { headers: { connection: 'close' } })
  await response.text()
  serving.child.kill('SIGTERM')
  return (await serving.ended).errors
}

describe('the log of kernell serve', () => {
  it('has JSON lines in a pipe, the last of them too, with one for each request where that is asked for', async () => {
    const lines = (await serveOnce(['--access-log']))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    expect(lines.map(({ msg }) => msg)).toEqual(['listening', 'request', 'stopped'])
    expect(lines[1]).toMatchObject({ method: 'GET', route: '/v1/models', status: 200, request_id: expect.any(String) })
  })

  it('has lines for people where those are asked for', async () => {
    const text = await serveOnce(['--log-format', 'pretty'])
    expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}listening url=http:\/\/127\.0\.0\.1:\d+ version=\S+\n/)
  })

  it('has no lines below its level', async () => {
    expect(await serveOnce([], { KERNELL_LOG_LEVEL: 'error' })).toBe('')
  })

  it('has no level that nobody knows', async () => {
    const run = await runBinary(['serve', '--log-level', 'loud', '--json'])
    expect(run.code).toBe(2)
    expect(run.errors + run.output).toContain('--log-level must be one of trace, debug, info')
  })
})
