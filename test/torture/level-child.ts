/**
 * Puts twelve values one after the other, goes on after a refusal, and cuts the power.
 *
 * usage: level-child.ts DIRECTORY   (prints `A N` for each value that was acknowledged)
 */
import { openSync, writeSync } from 'node:fs'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'

const directory = process.argv[2] ?? ''
const store = await openLevelKeyValueStore({ location: `${directory}/store` })
for (let number = 1; number <= 12; number += 1) {
  try {
    await store.put(`k${number}`, new Uint8Array(300).fill(number), { sync: true })
    writeSync(1, `A ${number}\n`)
  } catch {
    // The refusal is the point; what is acknowledged after it must be there.
  }
}
openSync(`${directory}/.power-cut`, 'w')
