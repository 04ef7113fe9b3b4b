/** The model behind every contestant, in a process of its own: one answer, or 20 events in one burst. Prints its port. */
import { startUpstreamServer } from '../../fixtures/upstream-server.ts'

const upstream = await startUpstreamServer({
  isRecording: false,
  models: ['bench-model'],
  behaviour: {
    kind: 'answer',
    text: Array.from({ length: 20 }, (_, index) => `Word${index} `).join(''),
    chunkCount: 20,
    usage: { input: 40, output: 20 },
    model: 'bench-model',
  },
})
console.log(`port ${new URL(upstream.origin).port}`)
