import { yamux } from '@libp2p/yamux'
import type { Libp2pStack } from './libp2p-init.ts'
import {
  STREAM_BUFFER_BYTES,
  STREAM_IDLE_MS,
  STREAM_WINDOW_BYTES,
  STREAM_WRITE_BUFFER_BYTES,
  STREAMS_EARLY_MAX,
  STREAMS_IN_MAX,
  STREAMS_OUT_MAX,
} from './limits.ts'

/** Streams of one connection, each with windows and buffers that have a bound. */
export function createMuxer(): Libp2pStack['muxer'] {
  return yamux({
    maxInboundStreams: STREAMS_IN_MAX,
    maxOutboundStreams: STREAMS_OUT_MAX,
    maxEarlyStreams: STREAMS_EARLY_MAX,
    streamOptions: {
      maxStreamWindowSize: STREAM_WINDOW_BYTES,
      maxReadBufferLength: STREAM_BUFFER_BYTES,
      maxWriteBufferLength: STREAM_WRITE_BUFFER_BYTES,
      inactivityTimeout: STREAM_IDLE_MS,
    },
  })
}
