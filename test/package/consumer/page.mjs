// What a page may use: decisions, the actor system in one thread, simulation, and a party of the market.
export * as core from 'kernell-os/core'
export * as actors from 'kernell-os/actors'
export * as router from 'kernell-os/router'
export * as memory from 'kernell-os/memory'
export * as wire from 'kernell-os/wire'
export * as wasm from 'kernell-os/wasm'
