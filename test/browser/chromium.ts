/** Opens pages in a headless Chromium and reads what they wrote. Nothing but the loopback interface is reachable from them. */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const TIMEOUT_MS = 50_000

/** Path of the program, or why there is none. */
export function findChromium(): { readonly path: string } | { readonly reason: string } {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium'
  return existsSync(path) ? { path } : { reason: `${path} is not there; install chromium or set CHROMIUM to its path` }
}

/** Headless, with nothing to reach but the loopback interface. */
export function chromiumFlags(profile: string): readonly string[] {
  return [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    `--user-data-dir=${profile}`,
  ]
}

/** The text of the page's element `result` once the page has loaded. Rejects with what Chromium printed when there is none. */
export async function readResult(program: string, url: string): Promise<string> {
  const profile = await mkdtemp(join(tmpdir(), 'kernell-chromium-'))
  try {
    const { document, complaints } = await dumpDocument(program, profile, url)
    const text = /<pre id="result">([\s\S]*?)<\/pre>/.exec(document)?.[1]
    if (text === undefined || text === '') throw new Error(`The page wrote no result.\n${document}\n${complaints}`)
    return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&nbsp;', '\u00a0').replaceAll('&amp;', '&')
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

function dumpDocument(
  program: string,
  profile: string,
  url: string,
): Promise<{ readonly document: string; readonly complaints: string }> {
  const parameters = [...chromiumFlags(profile), '--dump-dom', url]
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: profile },
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    let document = ''
    let complaints = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (document += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ document, complaints })
      else reject(new Error(`Chromium ended with ${signal ?? code} at ${url}\n${complaints}`))
    })
  })
}
