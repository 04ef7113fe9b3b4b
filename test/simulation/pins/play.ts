/** Prints the hashes of the pinned runs on the Node that runs this, as one JSON document. */

import { playPinnedRuns } from './pinned-runs.ts'

process.stdout.write(`${JSON.stringify({ node: process.versions.node, hashes: await playPinnedRuns() })}\n`)
