/**
 * Worker threads for actor systems, in Node: rings in shared memory between every two threads, actors that are placed on
 * workers, restored when those end, and moved between them. It is not the way to make a system: `kernell-os` composes one
 * from `threads` and `dataDir`; this is for compositions of one's own.
 *
 * ```ts
 * import { createSystemEnvironment } from 'kernell-os/actors'
 * import { observeQuiet, ThreadExtension } from 'kernell-os/actors/threads'
 *
 * const { environment, isQuiet } = observeQuiet(createSystemEnvironment())
 * const threads = new ThreadExtension({ threads: 2, isQuiet })
 * console.log(typeof environment.soon, typeof threads.move)
 * ```
 */
export { observeQuiet, type QuietEnvironment } from './quiet-environment.ts'
export { ThreadExtension, type ThreadExtensionInit } from './thread-extension.ts'
