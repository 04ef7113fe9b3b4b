import { readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../repo/repository.ts'
import { createScriptedNode, keyOf, startGateway } from '../scripted-node.ts'

const FOLDER = join(ROOT, 'dist/dashboard')

/** A path exactly as it is written, which clients would tidy up. */
async function rawGet(url: string, path: string): Promise<string> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.end(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)
  let answer = ''
  for await (const piece of socket) answer += String(piece)
  return answer
}

describe('the files of the dashboard', () => {
  it('are served to anybody, with a policy that lets nothing in, and never again when they are known', async () => {
    await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk')] }))
    const page = await fetch(`${running.url}/dashboard`)
    expect(page.url).toBe(`${running.url}/dashboard/`)
    const text = await page.text()
    const policy = page.headers.get('content-security-policy') ?? ''
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      expect(policy).toContain(rule)
    expect(policy).not.toMatch(/unsafe|http|\*/)
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect(page.headers.get('set-cookie')).toBeNull()
    const [script = ''] = /app-[0-9a-f]{12}\.js/.exec(text) ?? []
    const file = await fetch(`${running.url}/dashboard/${script}`)
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(await file.text()).toBe(readFileSync(join(FOLDER, script), 'utf8'))
    const etag = file.headers.get('etag') ?? ''
    const again = await fetch(`${running.url}/dashboard/${script}`, { headers: { 'if-none-match': `"x", ${etag}` } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const head = await fetch(`${running.url}/dashboard/`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(Buffer.byteLength(text))])
  })

  it('are those and no others, however the path is written', async () => {
    await using running = await startGateway(createScriptedNode())
    const paths = [
      '../../package.json',
      '..%2f..%2fpackage.json',
      '%2e%2e/%2e%2e/package.json',
      './index.html',
      '/etc/passwd',
      'index.html%00',
      'index.html/..',
      'INDEX.HTML',
    ]
    for (const path of paths) {
      const answer = await rawGet(running.url, `/dashboard/${path}`)
      expect([path, answer.slice(0, 12)]).toEqual([path, 'HTTP/1.1 404'])
      expect(answer).not.toContain('kernell-os"')
    }
  })

  it('reach no other host, and carry the terms of what is in them', () => {
    const names = readdirSync(FOLDER)
    expect(names.toSorted()).toEqual([
      expect.stringMatching(/^app-[0-9a-f]{12}\.js$/) as string,
      'icon.svg',
      'index.html',
      'licences.txt',
      expect.stringMatching(/^style-[0-9a-f]{12}\.css$/) as string,
    ])
    for (const name of names) {
      const text = readFileSync(join(FOLDER, name), 'utf8').replaceAll(/http:\/\/www\.w3\.org\/[\w/]+/g, '')
      if (name !== 'licences.txt') expect([name, /https?:\/\//.exec(text)?.[0]]).toEqual([name, undefined])
    }
    const terms = readFileSync(join(FOLDER, 'licences.txt'), 'utf8')
    for (const name of ['preact ', '@preact/signals ', '@preact/signals-core ']) expect(terms).toContain(name)
  })

  it('are small: the script below 128 KiB, 44 KiB compressed; the style below 32 KiB', () => {
    const sizeOf = (pattern: RegExp): { readonly plain: number; readonly packed: number } => {
      const path = join(FOLDER, readdirSync(FOLDER).find((name) => pattern.test(name)) ?? '')
      return { plain: statSync(path).size, packed: gzipSync(readFileSync(path)).length }
    }
    const script = sizeOf(/\.js$/)
    expect(script.plain).toBeLessThan(128 * 1024)
    expect(script.packed).toBeLessThan(44 * 1024)
    expect(sizeOf(/\.css$/).plain).toBeLessThan(32 * 1024)
  })
})
