import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type BinaryRun, makeFolder, removeFolders, runBinary } from '../run-binary.ts'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

afterAll(removeFolders)

const told = ({ output }: BinaryRun): Record<string, unknown> => JSON.parse(output) as Record<string, unknown>
