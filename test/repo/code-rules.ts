/**
 * Rules about what code of `src` may name, held on the syntax tree, so that no spelling slips past: neither `const { exp } = Math` nor
 * `globalThis.Date`. Each rule is tested with planted examples in `code-rules.test.ts`.
 */

import { parseSync } from '@swc/core'

/** A node of the syntax tree, or any object within it. */
type Tree = { readonly [member: string]: unknown }

/** One file, and how a rule reports. */
type Visit = { readonly file: string; readonly report: (what: string) => void }

/** Folders whose results must be the same on every machine, and computable again. */
const DECIDING = /^src\/(?:base|core|router|learning|memory|simulation)\//
/** Folders that run in browsers. */
const BROWSER_SAFE =
  /^src\/(?:(?:base|core|ports|wire|wasm|router|learning|market|memory|simulation|testing|browser)\/|actors\/(?!threads\/))/
const PURE = /^src\/(?:base|core)\//

/** `window` is a word of the budgets here; without the DOM's types it is no global. */
const GLOBAL_OBJECTS = ['globalThis', 'global', 'self']
const NODE_GLOBALS = ['process', 'Buffer', '__dirname', '__filename', 'require', 'setImmediate', 'clearImmediate']
/** Exact by the specification of the language; `max`, `min` and the roundings return one of their arguments or an integer. */
const EXACT_MATH = ['abs', 'ceil', 'clz32', 'floor', 'fround', 'imul', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc']
const TIMELESS_SIGNALS = ['abort', 'any']
const LOCALE_METHODS = ['localeCompare', 'toLocaleString', 'toLocaleLowerCase', 'toLocaleUpperCase']
/** Names of amounts. */
const MONEY = /(?:[nN]anos|NANOS|[a-z]Amount)(?:PerMillion|_PER_MILLION)?$/

/** Places that may, each for its reason. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  // Looks at the host for what is not in the language's own library types: WebAssembly, and a SHA-256 that gives what the portable one gives.
  // And what takes from the host, inside of a simulated world, what is real; or all that leads out of the thread of a guest.
  'the global object': [
    'src/wasm/web-assembly.ts',
    'src/sandbox/hosted/web-assembly.ts',
    'src/base/sha256.ts',
    'src/simulation/world/quiesce.ts',
    'src/simulation/world/trapped-calls.ts',
    'src/simulation/world/traps.ts',
    'src/sandbox/component/close-thread.ts',
  ],
  'Math under another name': ['src/simulation/world/trapped-calls.ts'],
  'AbortSignal under another name': ['src/simulation/world/trapped-calls.ts'],
  // The same digest as the portable one, held by a differential test, and nothing else of that module.
  // And the traps reach what they take away.
  getBuiltinModule: ['src/base/sha256.ts', 'src/simulation/world/trapped-calls.ts'],
  // All operands are bigints, which are exact.
  'the operator **': ['src/core/tools/rational.ts'],
  // Built when first used, because nothing is worked out at import; the same for all callers.
  // And what was worked out of an object, kept as long as that object: the same for all callers.
  'state of a module': [
    // What is trapped is the host's, and the same for all worlds of the thread.
    'src/simulation/world/traps.ts',
    'src/core/tools/unit-table.ts',
    'src/core/notary/block.ts',
    // Scratch memory, written over by each call before it is read.
    'src/core/transparency/merkle-tree.ts',
    'src/actors/compile/compile-machine.ts',
    'src/actors/create-actor.ts',
    'src/actors/hosting/behaviour-of.ts',
  ],
  // Asks first whether there is one.
  'setImmediate, which browsers lack': ['src/actors/system/system-environment.ts'],
  // A worker loads the agents that its system names.
  // And a command plays the scenario that its caller wrote; the thread of a guest evaluates what a component was translated to.
  'import() of what is not a plain literal': [
    'src/actors/threads/load-definition.ts',
    'src/cli/simulate/scenario-source.ts',
    'src/sandbox/component/component-instance.ts',
  ],
}

/** What a source does that its folder may not, in words; empty when it keeps all rules. */
export function brokenCodeRules(file: string, source: string): readonly string[] {
  const found = new Set<string>()
  const report = (what: string): void => {
    const rule = Object.keys(MAY).find((name) => what.startsWith(name))
    if (rule === undefined || MAY[rule]?.includes(file) !== true) found.add(what)
  }
  const program = parseSync(source, {
    syntax: 'typescript',
    tsx: file.endsWith('.tsx'),
    target: 'es2024',
  }) as unknown as Tree
  checkModuleState(listOf(program['body']), { file, report })
  walk(program, { file, report })
  return [...found]
}

function walk(node: Tree, visit: Visit): void {
  checkNode(node, visit)
  for (const [member, child] of Object.entries(node)) {
    if (isName(node, member)) continue
    for (const each of Array.isArray(child) ? (child as unknown[]) : [child]) if (isTree(each)) walk(each, visit)
  }
}

/** Whether a member of a node is a mere name that refers to no variable, or an object that is judged with its property. */
function isName(node: Tree, member: string): boolean {
  if (member === 'key' || (node['type'] === 'MemberExpression' && member === 'property'))
    return isOfType(node[member], 'Identifier')
  if (node['type'] === 'MemberExpression' && member === 'object')
    return ['Math', 'AbortSignal'].includes(nameOf(node['object']))
  return member === 'typeName' || node['type'] === 'ImportSpecifier' || node['type'] === 'ExportSpecifier'
}

function checkNode(node: Tree, visit: Visit): void {
  checkReference(node, visit)
  checkMember(node, visit)
  checkImport(node, visit)
  checkPurity(node, visit)
  checkParsed(node, visit)
  checkMoney(node, visit)
}

function checkReference(node: Tree, { file, report }: Visit): void {
  if (node['type'] !== 'Identifier') return
  const name = textOf(node['value'])
  // XState calls an actor's reference `self`; as a global it is not in the types of this project.
  const isActor = name === 'self' && /^src\/(?:actors|simulation)\//.test(file)
  if (GLOBAL_OBJECTS.includes(name) && !isActor) report(`the global object ${name}`)
  if (BROWSER_SAFE.test(file) && NODE_GLOBALS.includes(name)) report(`${name}, which browsers lack`)
}

function checkMember(node: Tree, { file, report }: Visit): void {
  if (isOfType(node, 'Identifier') && DECIDING.test(file)) {
    // A member access is seen as a whole, below; what is left is the object under another name.
    const name = textOf(node['value'])
    if (name === 'Math' || name === 'AbortSignal') report(`${name} under another name`)
  }
  const isPattern = node['type'] === 'AssignmentPatternProperty' || node['type'] === 'KeyValuePatternProperty'
  const member = isPattern ? nameOf(node['key']) : nameOf(node['property'])
  if (member === 'getBuiltinModule') report('getBuiltinModule, which no import rule sees')
  if (!DECIDING.test(file)) return
  if (LOCALE_METHODS.includes(member)) report(`${member}, which depends on locale data`)
  const object = node['type'] === 'MemberExpression' ? nameOf(node['object']) : ''
  if (object === 'Math' && !EXACT_MATH.includes(member)) report(`Math.${member}, which is not exact by specification`)
  if (object === 'AbortSignal' && !TIMELESS_SIGNALS.includes(member))
    report(`AbortSignal.${member}, which reads a clock`)
  if (node['type'] === 'BinaryExpression' && node['operator'] === '**' && !isBigIntPower(node))
    report('the operator ** on numbers, which is not exact by specification')
}

function isBigIntPower(node: Tree): boolean {
  return isOfType(node['left'], 'BigIntLiteral') || isOfType(node['right'], 'BigIntLiteral')
}

function checkImport(node: Tree, { report }: Visit): void {
  if (node['type'] === 'CallExpression' && isOfType(node['callee'], 'Import')) {
    const [first] = listOf(node['arguments'])
    if (!isOfType(first?.['expression'], 'StringLiteral')) report('import() of what is not a plain literal')
  }
  if (node['type'] === 'ExportSpecifier' && nameOf(node['exported']) === 'default') report('a default export')
}

function checkPurity(node: Tree, { file, report }: Visit): void {
  if (!PURE.test(file)) return
  if (node['async'] === true || node['type'] === 'AwaitExpression') report('async code in the pure part')
  const name = isOfType(node, 'TsTypeReference') ? nameOf(node['typeName']) : ''
  if (name === 'Promise' || name === 'PromiseLike' || (isOfType(node, 'Identifier') && node['value'] === 'Promise'))
    report('a promise in the pure part')
}

/** `let`, and containers that start empty, at the top of a module: both are there to be changed later. */
function checkModuleState(body: readonly Tree[], { file, report }: Visit): void {
  if (!BROWSER_SAFE.test(file)) return
  for (const item of body) {
    const statement = isOfType(item, 'ExportDeclaration') && isTree(item['declaration']) ? item['declaration'] : item
    if (!isOfType(statement, 'VariableDeclaration')) continue
    for (const declared of listOf(statement['declarations'])) {
      const { init } = declared
      if (statement['kind'] !== 'const' || (isTree(init) && startsEmpty(init) && !isReadonly(declared['id'])))
        report(`state of a module: ${nameOf(declared['id'])}`)
    }
  }
}

function startsEmpty(init: Tree): boolean {
  if (init['type'] === 'ArrayExpression') return listOf(init['elements']).length === 0
  if (init['type'] === 'ObjectExpression') return listOf(init['properties']).length === 0
  const isContainer = /^(?:Weak)?(?:Map|Set)$/.test(nameOf(init['callee']))
  return init['type'] === 'NewExpression' && isContainer && listOf(init['arguments']).length === 0
}

/** Whether the declared type says that nobody adds to it. */
function isReadonly(id: unknown): boolean {
  const type = JSON.stringify(isTree(id) ? (id['typeAnnotation'] ?? {}) : {})
  return /"value":"Readonly|"operator":"readonly"|"op":"readonly"/.test(type)
}

/** `const row: Row = JSON.parse(text)` believes what nobody has checked; `unknown` asks for a parser. */
function checkParsed(node: Tree, { file, report }: Visit): void {
  if (!file.startsWith('src/') || node['type'] !== 'VariableDeclarator') return
  const callee = isTree(node['init']) ? node['init']['callee'] : undefined
  if (!isTree(callee) || nameOf(callee['object']) !== 'JSON' || nameOf(callee['property']) !== 'parse') return
  const annotation = isTree(node['id']) ? node['id']['typeAnnotation'] : undefined
  const type = isTree(annotation) ? annotation['typeAnnotation'] : undefined
  if (!isTree(type) || type['kind'] !== 'unknown') report('JSON.parse into what is not unknown')
}

function checkMoney(node: Tree, { file, report }: Visit): void {
  if (!file.startsWith('src/')) return
  const target = node['id'] ?? node['key'] ?? node['left'] ?? node
  const name = nameOf(isTree(target) && isOfType(target, 'MemberExpression') ? target['property'] : target)
  if (!MONEY.test(name)) return
  const annotated = isTree(node['id']) ? node['id']['typeAnnotation'] : node['typeAnnotation']
  if (holdsNumberType(annotated)) report(`money as a number: the type of ${name}`)
  const value = node['init'] ?? node['value'] ?? node['right']
  if (isTree(value) && comesAsNumber(value)) report(`money as a number: the value of ${name}`)
}

/** A type with `number` in it, alone, in a union or in a container; what functions take is theirs. */
function holdsNumberType(type: unknown): boolean {
  if (!isTree(type) || isOfType(type, 'TsFunctionType')) return false
  if (type['type'] === 'TsKeywordType') return type['kind'] === 'number'
  return Object.values(type).some((child) =>
    Array.isArray(child) ? (child as unknown[]).some(holdsNumberType) : holdsNumberType(child),
  )
}

/** A value that is made by number arithmetic; calls convert, but `Number(...)`, `parseFloat(...)` and those of Math make numbers. */
function comesAsNumber(value: Tree): boolean {
  switch (value['type']) {
    case 'NumericLiteral':
      return true
    case 'CallExpression': {
      const callee = isTree(value['callee']) ? value['callee'] : {}
      return ['Number', 'parseFloat', 'parseInt'].includes(nameOf(callee)) || nameOf(callee['object']) === 'Math'
    }
    case 'ConditionalExpression':
      return [value['consequent'], value['alternate']].some((side) => isTree(side) && comesAsNumber(side))
    default:
      return [value['left'], value['right'], value['expression'], value['argument']].some(
        (side) => isTree(side) && comesAsNumber(side),
      )
  }
}

/** The name that an identifier, a private name, or a literal in brackets stands for. */
function nameOf(node: unknown): string {
  if (!isTree(node)) return ''
  if (['Identifier', 'PrivateName', 'StringLiteral'].includes(textOf(node['type']))) return textOf(node['value'])
  return node['type'] === 'Computed' ? nameOf(node['expression']) : ''
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOfType(node: unknown, type: string): boolean {
  return isTree(node) && node['type'] === type
}

function listOf(value: unknown): readonly Tree[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isTree) : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
