#!/usr/bin/env node
import { refuseOldNode } from './refuse-old-node.ts'

// Everything else is loaded after the check: packages that it needs do not even load on an old Node.js.
const refusal = refuseOldNode(process.versions.node)
if (refusal === undefined) {
  const { runProcess } = await import('./run-process.ts')
  await runProcess()
} else {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 1
}
