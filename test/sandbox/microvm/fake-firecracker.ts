#!/usr/bin/env node
/** Takes Firecracker's arguments, serves its interface, and says what the supervisor of a machine would: that it read one request, and the length of what it started from. */
import { readFileSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { serveFirecracker } from './firecracker-interface.ts'

const { values } = parseArgs({
  options: {
    id: { type: 'string' },
    'api-sock': { type: 'string' },
    'log-path': { type: 'string' },
    level: { type: 'string' },
    version: { type: 'boolean' },
  },
})

function say(letter: string, payload: Uint8Array = new Uint8Array()): void {
  const head = Buffer.alloc(5)
  head.write(letter, 0, 'latin1')
  head.writeUInt32LE(payload.length, 1)
  writeSync(1, Buffer.concat([head, payload]))
}

if (values.version === true) console.log('Firecracker v1.99.0')
else
  await serveFirecracker(values['api-sock'] ?? '', (bootSource) => {
    const kernel = readFileSync(String(bootSource['kernel_image_path']), 'latin1')
    const files = readFileSync(String(bootSource['initrd_path']))
    const isWhole = files.includes('first files') && files.includes('.kernell/request') && files.includes('/bin/tool')
    say('S')
    say('o', Buffer.from(`${kernel} ${String(isWhole)}\n`))
    say('X', Uint8Array.of(0, 0, 5))
    say('Z')
  })
