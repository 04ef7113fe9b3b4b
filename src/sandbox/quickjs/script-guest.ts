/** The thread in which a script is interpreted. */
import { serveGuest } from '../hosted/serve-guest.ts'
import { ScriptEngine } from './script-engine.ts'

await serveGuest(new ScriptEngine())
