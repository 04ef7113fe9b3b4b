import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** The thread of a guest that tries what the permissions of its host are there to refuse, and says what it reached, as a module in its own URL. */
export function fenceProbe(root: URL): URL {
  const packages = pathToFileURL(`${realpathSync(new URL('node_modules', root))}/`)
  const source = `
    import { spawnSync } from 'node:child_process'
    import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
    import { parentPort } from 'node:worker_threads'
    const packages = ${JSON.stringify(packages.href)}
    const at = (path, base = ${JSON.stringify(root.href)}) => new URL(path, base)
    const tries = {
      'own code': () => readFileSync(at('src/sandbox/hosted/frames.ts')),
      'a file of the machine': () => readFileSync('/etc/passwd'),
      'its own environment': () => readFileSync('/proc/self/environ'),
      'the code of a neighbour': () => readFileSync(at('src/cli/main.ts')),
      'a file beside the code': () => readFileSync(at('README.md')),
      'a file beside its packages': () => readFileSync(at('vitest/package.json', packages)),
      'a directory': () => readdirSync('/tmp'),
      'writing': () => writeFileSync('/tmp/kernell-fence-probe', ''),
      'a program': () => { if (spawnSync('/bin/true').status !== 0) throw new Error('it did not run') },
      'code from text': () => new Function('return 1')(),
      'native code': () => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6'),
      'a variable': () => { if (Object.keys(process.env).length === 0) throw new Error('there is none') },
    }
    parentPort.once('message', () => {
      const reached = Object.entries(tries).flatMap(([name, attempt]) => { try { attempt(); return [name] } catch { return [] } })
      parentPort.postMessage({ type: 'refused', message: reached.join(', ') })
    })
    parentPort.postMessage({ type: 'ready' })`
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`)
}
