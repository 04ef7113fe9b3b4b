import { parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import { describe, expect, it } from 'vitest'
import { PROBE_BASE64 } from '../../../src/sandbox/component/probe-component.ts'
import { translateComponent } from '../../../src/sandbox/component/translate-component.ts'
import { createWasiImports } from '../../../src/sandbox/component/wasi-imports.ts'
import { createGuestWindow, GuestSide } from '../../../src/sandbox/hosted/guest-window.ts'
import { BUSY_COMPONENT, importingComponent } from '../corpus-script/component-texts.ts'

const probe = Buffer.from(PROBE_BASE64, 'base64')
const inputs = {
  args: [],
  nowMs: 0,
  environment: {},
  filesOut: [],
  seed: new Uint8Array(32),
  stdin: new Uint8Array(),
  files: [],
}
const GIVEN = Object.keys(createWasiImports({ window: new GuestSide(createGuestWindow(1), 1), inputs }))

describe('translating a component', () => {
  it.each([
    ['is cut off', probe.subarray(0, 100)],
    ['is empty', new Uint8Array()],
    // Names come to stand in JavaScript.
    ['names a function with a quote', Buffer.from(probe.toString('latin1').replaceAll('add', 'a"]'), 'latin1')],
    [
      'names a function with the end of a line',
      Buffer.from(probe.toString('latin1').replaceAll('add', 'a\n;'), 'latin1'),
    ],
  ])('fails where it %s', async (_what, bytes) => {
    await expect(translateComponent(new Uint8Array(bytes))).rejects.toThrow()
  })

  it.each([
    'wasi:filesystem/preopens',
    'wasi:filesystem/types',
    'wasi:sockets/tcp',
    'wasi:http/outgoing-handler',
    'kernell:plugin/host',
  ])('says that it asks for %s, which is not given', async (name) => {
    const { imports } = await translateComponent(await parse(importingComponent(`${name}@0.2.3`)))
    expect(imports).toEqual([name])
    expect(GIVEN).not.toContain(name)
  })

  it('has the JavaScript first, and no import in it', async () => {
    const { names, files, imports } = await translateComponent(await parse(BUSY_COMPONENT))
    expect([names[0], names.length > 1, files.length]).toEqual(['guest.js', true, names.length])
    expect(imports.filter((name) => !GIVEN.includes(name))).toEqual([])
    expect(new TextDecoder().decode(files[0])).not.toMatch(/^import|\bimport\(|\bFunction\(|\beval\(/m)
  })
})
