import { createActor } from 'xstate'
import { programsOn } from './cases-on-host.ts'
import type { Program } from './program.ts'
import { createXStateHost } from './xstate-host.ts'

export const programs: Readonly<Record<string, Program>> = programsOn(createXStateHost, createActor)
